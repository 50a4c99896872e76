//! Attacks with requests of another shape, through the front door: forms in place of JSON, other methods in place of POST.

use countersign_testkit::{Method, TestApp, json};

// attack 65
#[tokio::test]
async fn a_form_of_another_site_cannot_be_mistaken_for_json() {
    let app = TestApp::builder().without_limits().start().await;
    let eve = app.member("eve").await;
    let victim = app.visitor();
    let body = json!({"email": eve.email, "password": eve.password}).to_string();
    let before = app.audit_records().await.len();
    let multipart = format!("--x\r\nContent-Disposition: form-data; name=\"email\"\r\n\r\n{}\r\n--x--\r\n", eve.email);
    let form = format!("email={}&password={}", eve.email, eve.password);
    let padded = body.replacen('}', ",\"x\":\"=\"}", 1);
    let rows: [(&str, &[&str], &str); 13] = [
        ("plain text", &["text/plain"], &body),
        ("a text/plain form with JSON in it", &["text/plain;charset=UTF-8"], &padded),
        ("a form", &["application/x-www-form-urlencoded"], &form),
        ("JSON that says it is a form", &["application/x-www-form-urlencoded"], &body),
        ("multipart", &["multipart/form-data; boundary=x"], &multipart),
        ("untyped", &[], &body),
        ("an empty type", &[""], &body),
        ("a relative of JSON", &["application/json-patch+json"], &body),
        ("text/json", &["text/json"], &body),
        ("plain text that names JSON", &["text/plain; application/json"], &body),
        ("JSON in other letters", &["application/json; charset=utf-16"], &body),
        ("a list", &["text/plain, application/json"], &body),
        ("two of them", &["application/json", "text/plain"], &body),
    ];

    for (reason, types, body) in rows {
        for path in ["/api/auth/login", "/api/auth/register"] {
            // From the page of the site, so that it is the type alone that decides.
            let call = victim.call(Method::POST, path).bytes(body.to_owned());
            let call = types.iter().fold(call, |call, value| call.header("content-type", value));

            let reply = call.clone().send().await;

            assert_eq!((reply.status(), reply.code().as_str()), (415, "UNSUPPORTED_MEDIA_TYPE"), "{path}: {reason}");
            assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{path}: {reason}");
            let foreign = call.on_page_of("https://evil.example").send().await;
            assert!([403, 415].contains(&foreign.status()), "{path}: {reason}: {}", foreign.status());
            assert_eq!(foreign.set_cookies(), Vec::<String>::new(), "{path}: {reason}");
        }
    }

    assert_eq!(app.audit_records().await.len(), before);
    let good = victim
        .call(Method::POST, "/api/auth/login")
        .header("content-type", "Application/JSON; charset=\"UTF-8\"")
        .bytes(body);
    assert_eq!(good.send().await.status(), 200, "control: the same body as JSON");
}

// attack 53
#[tokio::test]
async fn no_other_method_and_no_header_changes_anything() {
    let app = TestApp::start().await;
    let ada = app.member("ada").await;
    let phone = ada.elsewhere();
    let _ = phone.sign_in().await.expect(200);
    let before = app.audit_records().await.len();
    let acts = [
        "/api/auth/logout",
        "/api/auth/logout-all",
        "/api/auth/refresh",
        "/api/auth/login",
        "/api/auth/register",
        "/api/auth/step-up",
        "/api/user/password",
    ];

    for path in acts {
        for method in [Method::GET, Method::HEAD, Method::PUT, Method::PATCH, Method::DELETE] {
            for query in ["", "?_method=POST", "?method=post"] {
                let reply = ada.call(method.clone(), &format!("{path}{query}")).send().await;
                assert_eq!(reply.status(), 405, "{method} {path}{query}");
                assert!(reply.header("allow").contains("POST"), "{method} {path}: {}", reply.header("allow"));
                assert_eq!(reply.set_cookies(), Vec::<String>::new(), "{method} {path}");
            }
        }
        for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
            let reply = ada.call(Method::GET, path).header(name, "POST").send().await;
            assert_eq!(reply.status(), 405, "{name} {path}");
        }
    }
    for path in ["/api/user", "/api/user/profile", "/api/user/sessions"] {
        for name in ["x-http-method-override", "x-method-override", "x-http-method"] {
            // To read is all that a GET does.
            let reply = ada.call(Method::GET, path).header(name, "DELETE").send().await;
            assert!([200, 405].contains(&reply.status()), "{name} {path}");
        }
    }
    let ended = format!("/api/user/sessions/{}", phone.session_id());
    for method in [Method::GET, Method::HEAD, Method::POST] {
        let reply = ada.call(method.clone(), &ended).header("x-http-method-override", "DELETE").send().await;
        assert_eq!(reply.status(), 405, "{method} {ended}");
    }

    assert_eq!(app.audit_records().await.len(), before);
    let _ = phone.refresh().await.expect(200);
    let _ = ada.delete(&ended).await.expect(204);
    let _ = ada.sign_out().await.expect(200);
}
