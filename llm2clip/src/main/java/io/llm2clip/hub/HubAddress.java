package io.llm2clip.hub;

import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** Addresses of the Hub's protocol. */
final class HubAddress {
    private static final String UNRESERVED = "-._~";

    /** What may stand in an address as it is, percent signs included. */
    private static final String ALLOWED = UNRESERVED + "%:/?#[]@!$&'()*+,;=";

    private HubAddress() {}

    /** What a repository holds. */
    static URI listing(URI endpoint, HubName name) {
        return URI.create("%s/api/models/%s/revision/%s?blobs=true"
                .formatted(endpoint, name.repository(), encoded(name.revision(), UNRESERVED)));
    }

    /** A file of a repository. */
    static URI file(URI endpoint, HubName name, String commit, String path) {
        String encoded = Arrays.stream(path.split("/", -1))
                .map(part -> encoded(part, UNRESERVED))
                .collect(Collectors.joining("/"));
        return URI.create("%s/%s/resolve/%s/%s".formatted(endpoint, name.repository(), commit, encoded));
    }

    /** Where a redirection leads; servers leave characters as they are that an address may not have. */
    static URI redirection(URI from, String location) {
        return from.resolve(encoded(location, ALLOWED));
    }

    /** Whether two addresses are those of one server, so that what is secret to one may be told the other. */
    static boolean sameServer(URI one, URI other) {
        return one.getHost() != null
                && one.getHost().equalsIgnoreCase(other.getHost())
                && one.getScheme().equalsIgnoreCase(other.getScheme())
                && port(one) == port(other);
    }

    static boolean isEncrypted(URI address) {
        return "https".equalsIgnoreCase(address.getScheme());
    }

    private static int port(URI address) {
        if (address.getPort() >= 0) {
            return address.getPort();
        }
        return isEncrypted(address) ? 443 : 80;
    }

    private static String encoded(String text, String others) {
        StringBuilder encoded = new StringBuilder();
        for (byte each : text.getBytes(StandardCharsets.UTF_8)) {
            char c = (char) (each & 0xff);
            if (c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || others.indexOf(c) >= 0) {
                encoded.append(c);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", (int) c));
            }
        }
        return encoded.toString();
    }
}
