use axum::body::Body;
use axum::response::IntoResponse as _;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt as _;

use super::*;

/// A shape with one member of each sort.
#[derive(Debug, PartialEq)]
struct Sample {
    email: String,
    remember: Option<bool>,
    delivery: Option<u8>,
}

impl Shape for Sample {
    fn take(members: &mut Members) -> Self {
        Self {
            email: members.string("email"),
            remember: members.optional_bool("remember"),
            delivery: members.optional_word("tokenDelivery", &[("body", 1), ("cookie", 2)]),
        }
    }
}

async fn read(content_type: Option<&str>, body: impl Into<Vec<u8>>) -> Result<Option<Sample>, String> {
    let mut headers = HeaderMap::new();
    if let Some(value) = content_type {
        headers.insert(CONTENT_TYPE, HeaderValue::from_str(value).unwrap());
    }
    let members = read_body(&headers, Body::from(body.into())).await;
    match members.and_then(|m| m.map(Members::into_shape).transpose()) {
        Ok(shape) => Ok(shape),
        Err(problem) => Err(errors_of(&problem).await),
    }
}

/// The code, and `field CODE` of each error.
async fn errors_of(problem: &Problem) -> String {
    let request = countersign_kernel::RequestId::from_bytes([0; 16]);
    let body = problem.render("https://x.example", request).into_response().into_body().collect().await.unwrap();
    let json: serde_json::Value = serde_json::from_slice(&body.to_bytes()).unwrap();
    let mut text = json["code"].as_str().unwrap().to_owned();
    for error in json["errors"].as_array().into_iter().flatten() {
        text += &format!("; {} {}", error["field"].as_str().unwrap(), error["code"].as_str().unwrap());
    }
    text
}

const JSON: Option<&str> = Some("application/json");

#[tokio::test]
async fn a_good_body_is_read() {
    let full = r#"{"email":"a@x","remember":false,"tokenDelivery":"cookie"}"#;
    assert_eq!(
        read(JSON, full).await,
        Ok(Some(Sample { email: "a@x".into(), remember: Some(false), delivery: Some(2) }))
    );
    assert_eq!(
        read(JSON, r#" {"email":"\u00e9"} "#).await,
        Ok(Some(Sample { email: "é".into(), remember: None, delivery: None }))
    );
}

#[tokio::test]
async fn only_json_in_utf8_is_a_body() {
    let body = r#"{"email":"a@x"}"#;
    for good in [
        "application/json",
        "Application/JSON",
        "application/json;charset=utf-8",
        "application/json; charset=UTF-8",
        "application/json ; Charset=\"utf-8\"",
    ] {
        assert!(read(Some(good), body).await.is_ok(), "{good}");
    }
    for wrong in [
        "text/plain",
        "text/plain; application/json",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=utf-16",
        "application/json; charset=iso-8859-1",
        "application/json; charset=utf-8; x=y",
        "application/json; x=y",
        "application/json,text/plain",
        "application/jsonx",
        "application/ld+json",
        "text/json",
        "*/*",
        "",
    ] {
        assert_eq!(read(Some(wrong), body).await, Err("UNSUPPORTED_MEDIA_TYPE".to_owned()), "{wrong}");
    }
    assert_eq!(read(None, body).await, Err("UNSUPPORTED_MEDIA_TYPE".to_owned()), "a body of no type");
}

#[tokio::test]
async fn two_content_types_or_an_encoding_are_no_body() {
    for (name, first, second) in [
        (CONTENT_TYPE, "application/json", "application/json"),
        (CONTENT_TYPE, "application/json", "text/plain"),
        (CONTENT_ENCODING, "gzip", "identity"),
    ] {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        headers.remove(&name);
        headers.append(&name, HeaderValue::from_static(first));
        headers.append(&name, HeaderValue::from_static(second));
        let problem = read_body(&headers, Body::from("{}")).await.unwrap_err();
        assert_eq!(problem.code(), Code::UnsupportedMediaType, "{name}");
    }
}

#[tokio::test]
async fn an_empty_body_is_none() {
    assert_eq!(read(None, "").await, Ok(None));
    assert_eq!(read(JSON, "").await, Ok(None));
}

#[tokio::test]
async fn whatever_is_wrong_is_named() {
    for (body, expected) in [
        (r#"{}"#, "VALIDATION_FAILED; email REQUIRED"),
        (r#"{"email":7}"#, "VALIDATION_FAILED; email WRONG_TYPE"),
        (r#"{"email":null}"#, "VALIDATION_FAILED; email WRONG_TYPE"),
        (r#"{"email":{"$gt":""}}"#, "VALIDATION_FAILED; email WRONG_TYPE"),
        (r#"{"email":["a@x"]}"#, "VALIDATION_FAILED; email WRONG_TYPE"),
        (r#"{"email":true}"#, "VALIDATION_FAILED; email WRONG_TYPE"),
        (r#"{"email":"a","email":"b"}"#, "VALIDATION_FAILED; email DUPLICATE_FIELD"),
        (r#"{"email":"a","\u0065mail":"b"}"#, "VALIDATION_FAILED; email DUPLICATE_FIELD"),
        (r#"{"email":"a","role":"admin"}"#, "VALIDATION_FAILED; role UNKNOWN_FIELD"),
        (r#"{"email":"a","Email":"b"}"#, "VALIDATION_FAILED; Email UNKNOWN_FIELD"),
        (r#"{"email":"a","__proto__":{}}"#, "VALIDATION_FAILED; __proto__ UNKNOWN_FIELD"),
        (r#"{"email":"a","remember":"yes"}"#, "VALIDATION_FAILED; remember WRONG_TYPE"),
        (r#"{"email":"a","remember":null}"#, "VALIDATION_FAILED; remember WRONG_TYPE"),
        (r#"{"email":"a","tokenDelivery":"Body"}"#, "VALIDATION_FAILED; tokenDelivery UNKNOWN_VALUE"),
        (r#"{"remember":1,"id":2}"#, "VALIDATION_FAILED; email REQUIRED; remember WRONG_TYPE; id UNKNOWN_FIELD"),
        (r#"[]"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#""text""#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"null"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":"a"}{"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":"a""#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":"a",}"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{'email':'a'}"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":"\ud800"}"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":1e999}"#, "VALIDATION_FAILED;  MALFORMED"),
        (r#"{"email":NaN}"#, "VALIDATION_FAILED;  MALFORMED"),
        ("\u{feff}{\"email\":\"a\"}", "VALIDATION_FAILED;  MALFORMED"),
    ] {
        assert_eq!(read(JSON, body).await, Err(expected.to_owned()), "{body}");
    }
}

#[tokio::test]
async fn bytes_that_are_not_utf8_are_malformed() {
    let body = [b"{\"email\":\"\xff\xfe\"}".as_slice(), b"\xff\xfe{\0}\0"];
    for bytes in body {
        assert_eq!(read(JSON, bytes).await, Err("VALIDATION_FAILED;  MALFORMED".to_owned()));
    }
}

#[tokio::test]
async fn deep_and_wide_bodies_are_refused_in_time() {
    let deep = format!("{{\"email\":{}", "[".repeat(60_000));
    assert_eq!(read(JSON, deep).await, Err("VALIDATION_FAILED;  MALFORMED".to_owned()));

    let wide: String = (0..6_000).map(|n| format!("\"m{n}\":0,")).collect();
    let errors = read(JSON, format!("{{{wide}\"email\":\"a\"}}")).await.unwrap_err();
    assert_eq!(errors.matches("UNKNOWN_FIELD").count(), 16);
}

#[tokio::test]
async fn a_body_has_64_kib_at_most() {
    let of = |length: usize| format!("{{\"email\":\"{}\"}}", "x".repeat(length - 12));
    assert!(read(JSON, of(LARGEST_BODY)).await.is_ok());
    assert_eq!(read(JSON, of(LARGEST_BODY + 1)).await, Err("PAYLOAD_TOO_LARGE".to_owned()));
}

#[tokio::test]
async fn names_are_sent_back_short_and_plain() {
    let long = format!("{{\"email\":\"a\",\"{}\":1}}", "n\\u0007".repeat(500));
    let errors = read(JSON, long).await.unwrap_err();
    assert_eq!(errors, format!("VALIDATION_FAILED; {} UNKNOWN_FIELD", "n".repeat(64)));
}

#[test]
fn a_shape_of_nothing_takes_nothing() {
    let mut members = Members::default();
    members.add("x".to_owned(), serde_json::Value::Null);
    assert!(members.into_shape::<Nothing>().is_err());
}
