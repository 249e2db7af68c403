package io.llm2clip.hub;

import io.llm2clip.hub.HubHttp.Answer;
import java.util.Locale;

/** What the Hub's refusals mean, and what to do. */
final class Refusals {
    private Refusals() {}

    /**
     * @param settings which say what was asked with
     * @param what was asked for: a file of the repository, or nothing for the repository itself
     */
    static HubException of(HubSettings settings, HubName name, String what, Answer answer) {
        String code = answer.header("X-Error-Code").orElse("");
        // A terminal obeys control characters.
        String message = answer.header("X-Error-Message").orElse("").replaceAll("\\p{Cntrl}", "?");
        String subject = what.isEmpty() ? name.toString() : name + ": " + what;
        boolean token = settings.token().isPresent();
        if (code.equals("GatedRepo")) {
            return new HubException(subject + ": is gated, and "
                    + (token
                                    ? "the token's account has no access; accept its terms at %s with that account, or give the token of another with HF_TOKEN."
                                    : "no token was given; accept its terms at %s, and set HF_TOKEN to a token of that account.")
                            .formatted(settings.page(name)));
        }
        if (message.toLowerCase(Locale.ROOT).contains("invalid credentials")
                || answer.status() == 401 && token && !code.equals("RepoNotFound")) {
            return new HubException(
                    "%s: the Hub does not accept the token; set HF_TOKEN to a valid one, or unset it and delete the token's file."
                            .formatted(subject));
        }
        if (code.equals("RevisionNotFound")) {
            return new HubException(
                    "%s: the repository has no revision '%s'; look at %s/tree/main for its branches and tags."
                            .formatted(name.repository(), name.revision(), settings.page(name)));
        }
        if (code.equals("EntryNotFound") || answer.status() == 404 && !what.isEmpty()) {
            return new HubException("%s: the repository has no such file; check its name at %s."
                    .formatted(subject, settings.page(name)));
        }
        if (answer.status() == 401 || answer.status() == 404 || code.equals("RepoNotFound")) {
            return new HubException(subject
                    + ": there is no such repository at %s, or it is private; check its name, "
                            .formatted(settings.endpoint())
                    + (token
                            ? "and that the token's account may read it."
                            : "or set HF_TOKEN to a token of an account that may read it."));
        }
        if (answer.status() == 403) {
            return new HubException(
                    "%s: the Hub refuses access%s; accept its terms at %s, or give a token that may read it with HF_TOKEN."
                            .formatted(subject, message.isEmpty() ? "" : " (" + message + ")", settings.page(name)));
        }
        return new HubException(
                "%s: expected an answer of the Hub, found status %d of %s%s; check the address of the Hub (HF_ENDPOINT)."
                        .formatted(
                                subject,
                                answer.status(),
                                HubHttp.withoutQuery(answer.address()),
                                message.isEmpty() ? "" : " (" + message + ")"));
    }
}
