//! The closed list of error codes: text, status, title and what a person can do about it.
//!
//! Promises: a code once shipped is never renamed (API.md, "Errors"). Clients branch on codes, never on text.

use http::StatusCode;

macro_rules! codes {
    ($($(#[$doc:meta])* $variant:ident = $text:literal $status:ident, $title:literal, $detail:literal, $advice:literal;)*) => {
        /// A stable error code.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $variant,)*
        }

        impl Code {
            /// Every code, in the order of the reference page.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The text form, as it stands in bodies.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The HTTP status it is sent with.
            #[must_use]
            pub const fn status(self) -> StatusCode {
                match self { $(Self::$variant => StatusCode::$status,)* }
            }

            /// A title of a few words.
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$variant => $title,)* }
            }

            /// What is said to a person where nothing more exact is known.
            #[must_use]
            pub const fn detail(self) -> &'static str {
                match self { $(Self::$variant => $detail,)* }
            }

            /// What a developer can do about it: the text of the page `/errors/{code}`.
            #[must_use]
            pub const fn advice(self) -> &'static str {
                match self { $(Self::$variant => $advice,)* }
            }

            /// The code with this text form.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

codes! {
    /// No credential where one is needed.
    TokenMissing = "TOKEN_MISSING" UNAUTHORIZED, "Sign-in needed", "Please sign in first.",
        "The request carried no credential. Send the access token as `Authorization: Bearer …`, or, to refresh, the cookie or the refresh token.";
    /// Authentic, and past its time or superseded while its session lives.
    TokenExpired = "TOKEN_EXPIRED" UNAUTHORIZED, "Token expired", "The token has expired.",
        "An access token with this answer is authentic but too old, or the rights behind it have changed. Refresh once and repeat the call. From the refresh endpoint it means that the session is over: sign in again.";
    /// Anything else wrong with a token.
    TokenInvalid = "TOKEN_INVALID" UNAUTHORIZED, "Token not valid", "The token is not valid.",
        "The credential is not one that this server issued for this purpose. Do not try it again; sign in.";
    /// Authentic, and its session has ended.
    TokenRevoked = "TOKEN_REVOKED" UNAUTHORIZED, "Signed out", "This session has ended. Please sign in again.",
        "The session behind the token has ended: by signing out, a changed password, or an administrator. Sign in again.";
    /// A spent refresh token came back.
    TokenReused = "TOKEN_REUSED" UNAUTHORIZED, "Session ended for safety",
        "This session was ended because an old copy of its key was used. Please sign in again.",
        "A refresh token that had been replaced long ago was presented. Somebody may have copied it, so the session was ended. Sign in again.";
    /// Wrong e-mail, password or code.
    AuthFailed = "AUTH_FAILED" UNAUTHORIZED, "Not signed in", "The e-mail address or the password is not right.",
        "The credentials do not match. The answer is the same whether the account exists or not.";
    /// A second factor is needed.
    MfaRequired = "MFA_REQUIRED" UNAUTHORIZED, "Second step needed", "Please confirm with your second factor.",
        "The first proof was right. Send the `mfaToken` of the body with one of its `methods` to `POST /api/auth/mfa/verify`, within five minutes and, from a browser, with the cookie that came along.";
    /// A more recent sign-in is needed.
    StepUpRequired = "STEP_UP_REQUIRED" UNAUTHORIZED, "Please confirm it is you", "Please confirm your password to go on.",
        "The act needs a recent sign-in, or a second factor. Call `POST /api/auth/step-up` by one of `methods`, then repeat the call with the new access token. Whoever has no second factor sets one up: `POST /api/user/mfa/totp`.";
    /// Authenticated, not permitted.
    Forbidden = "FORBIDDEN" FORBIDDEN, "Not permitted", "You are not permitted to do this.",
        "The access token is good, but the account lacks the role or permission.";
    /// A request that a cookie authorises came from elsewhere.
    CsrfInvalid = "CSRF_INVALID" FORBIDDEN, "Request from elsewhere", "This request did not come from this site.",
        "A request that a cookie authorises, or that opens a session, must come from the public URL's origin or an allowed one, or carry `X-CSRF-Token` from `GET /api/auth/csrf-token` together with its cookie.";
    /// The body is not as it must be.
    ValidationFailed = "VALIDATION_FAILED" BAD_REQUEST, "Please check the entries", "Some entries are not as they must be.",
        "`errors` names each field with a code and a message. A field that the call does not own is refused, not ignored.";
    /// A link or code that does not work.
    LinkInvalid = "LINK_INVALID" BAD_REQUEST, "Link not valid", "That link or code is unknown, used or too old. Ask for a new one.",
        "One answer for a link or code that is unknown, used, replaced or too old.";
    /// Right password, address unconfirmed.
    EmailNotVerified = "EMAIL_NOT_VERIFIED" FORBIDDEN, "Address not confirmed", "Please confirm your e-mail address first.",
        "The password is right, but the policy asks for a confirmed address.";
    /// The address has an account.
    EmailTaken = "EMAIL_TAKEN" CONFLICT, "Address in use", "There is an account with this e-mail address already.",
        "Sign in, or use another address.";
    /// Nobody may lose the last way in.
    LastMethod = "LAST_METHOD" CONFLICT, "The last way in", "This is the only way to sign in to this account. Add another one first.",
        "What was to be deleted is the last way to sign in: the account has no password and no other passkey.";
    /// Too many tries.
    RateLimited = "RATE_LIMITED" TOO_MANY_REQUESTS, "Too many tries", "Too many tries. Please wait a little.",
        "`Retry-After` and `retryAfter` say how many seconds to wait; `RateLimit` and `RateLimit-Policy` name the limit.";
    /// A proof of work is asked for.
    ChallengeRequired = "CHALLENGE_REQUIRED" PRECONDITION_REQUIRED, "One more check", "Please repeat the request with the answer to the challenge.",
        "Find the number from 0 to `maxnumber` of `challenge` whose decimal digits, put behind `salt`, have `challenge` as their SHA-256, and repeat the same request with `challengeResponse`: base64 of the JSON object of `algorithm`, `challenge`, `number`, `salt` and `signature`. ALTCHA's clients do that. Each solution works once, for the same account, for five minutes.";
    /// The body is too large.
    PayloadTooLarge = "PAYLOAD_TOO_LARGE" PAYLOAD_TOO_LARGE, "Too large", "The request is too large.",
        "A body may have 64 KiB.";
    /// The body is of the wrong type.
    UnsupportedMediaType = "UNSUPPORTED_MEDIA_TYPE" UNSUPPORTED_MEDIA_TYPE, "Wrong content type", "The request must be JSON.",
        "Send the body as `Content-Type: application/json`, in UTF-8, without a content encoding.";
    /// There is nothing here.
    NotFound = "NOT_FOUND" NOT_FOUND, "Not found", "There is nothing here.",
        "The path is unknown, or the thing is not yours. Paths are exact: no trailing slash, no other case.";
    /// The path does not know the method.
    MethodNotAllowed = "METHOD_NOT_ALLOWED" METHOD_NOT_ALLOWED, "Method not allowed", "This cannot be done here.",
        "`Allow` lists the methods of this path. Headers that ask for another method are ignored.";
    /// The server has too much to do.
    Overloaded = "OVERLOADED" SERVICE_UNAVAILABLE, "Busy", "The service is busy. Please try again shortly.",
        "Nothing was changed. Try again after `Retry-After` seconds. It never means signed out.";
    /// Our fault.
    Internal = "INTERNAL" INTERNAL_SERVER_ERROR, "Something went wrong", "Something went wrong on our side.",
        "Tell the operator the `requestId`; the log has the rest. It never means signed out.";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_from_its_text() {
        for &code in Code::ALL {
            assert_eq!(Code::parse(code.as_str()), Some(code));
        }
        assert_eq!(Code::parse("INVALID_TOKEN"), None);
    }

    #[test]
    fn every_status_is_the_one_of_the_contract() {
        let wanted = [
            (
                401,
                "TOKEN_MISSING TOKEN_EXPIRED TOKEN_INVALID TOKEN_REVOKED TOKEN_REUSED AUTH_FAILED MFA_REQUIRED STEP_UP_REQUIRED",
            ),
            (403, "FORBIDDEN CSRF_INVALID EMAIL_NOT_VERIFIED"),
            (400, "VALIDATION_FAILED LINK_INVALID"),
            (409, "EMAIL_TAKEN LAST_METHOD"),
            (429, "RATE_LIMITED"),
            (428, "CHALLENGE_REQUIRED"),
            (413, "PAYLOAD_TOO_LARGE"),
            (415, "UNSUPPORTED_MEDIA_TYPE"),
            (404, "NOT_FOUND"),
            (405, "METHOD_NOT_ALLOWED"),
            (503, "OVERLOADED"),
            (500, "INTERNAL"),
        ];
        let mut named = 0;
        for (status, codes) in wanted {
            for text in codes.split(' ') {
                assert_eq!(Code::parse(text).unwrap().status().as_u16(), status, "{text}");
                named += 1;
            }
        }
        assert_eq!(named, Code::ALL.len(), "a code is missing from the table");
    }
}
