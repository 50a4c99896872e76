//! Who uses the site: people who sign in and out, and an operator who signs them out.

use anyhow::{Context as _, Result};
use serde_json::{Value, json};
use totp_rs::{Builder, Secret};

use crate::client::{Client, text};
use crate::site::Site;

const PASSWORD: &str = "sable-otter-41-lantern";

/// Somebody with an account.
pub(crate) struct Person {
    email: String,
    /// The account's id.
    pub(crate) id: String,
}

impl Person {
    /// Signs up through nginx.
    pub(crate) async fn sign_up(site: &Site, name: &str) -> Result<Self> {
        let email = format!("{name}@example.com");
        let body = json!({"email": email, "password": PASSWORD, "name": name});
        let answer = Client::connect(site.public).await?.post("/api/auth/register", "", &body).await?.good()?;
        Ok(Self { email, id: text(&answer, "/user/id") })
    }

    /// Signs in through nginx; what was answered, tokens and all.
    async fn enter(&self, site: &Site) -> Result<Value> {
        // A program, not a browser: it keeps its refresh token itself.
        let body = json!({"email": self.email, "password": PASSWORD, "tokenDelivery": "body"});
        Client::connect(site.public).await?.post("/api/auth/login", "", &body).await?.good()
    }

    /// Signs in through nginx; an access token.
    pub(crate) async fn sign_in(&self, site: &Site) -> Result<String> {
        Ok(text(&self.enter(site).await?, "/accessToken"))
    }
}

/// Makes an administrator, who needs an authenticator app; the access token of that.
pub(crate) async fn operator(site: &Site) -> Result<String> {
    let person = Person::sign_up(site, "operator").await?;
    site.server.run(&["user", "set-role", &person.email, "admin"])?;
    let entered = person.enter(site).await?;
    let token = text(&entered, "/accessToken");

    let mut client = Client::connect(site.public).await?;
    let begun = client.post("/api/user/mfa/totp", &token, &Value::Null).await?.good()?;
    let secret = Secret::try_from_base32(text(&begun, "/secret")).ok().context("no secret for the app")?;
    let app = Builder::new().with_secret(secret).build_noncompliant();
    let code = json!({"code": app.generate_current().to_string()});
    client.post("/api/user/mfa/totp/confirm", &token, &code).await?.good()?;
    let refresh = json!({"refreshToken": text(&entered, "/refreshToken")});
    let refreshed = client.post("/api/auth/refresh", "", &refresh).await?.good()?;
    Ok(text(&refreshed, "/accessToken"))
}
