package io.llm2clip.hub;

import java.io.IOException;
import java.net.Authenticator;
import java.net.InetSocketAddress;
import java.net.PasswordAuthentication;
import java.net.Proxy;
import java.net.ProxySelector;
import java.net.SocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The proxies of the variables {@code https_proxy}, {@code http_proxy}, {@code all_proxy} and {@code no_proxy}, in either case. Where
 * there are none, those of the JVM's properties are used.
 *
 * @param byScheme from {@code http} and {@code https} to the proxy's address
 * @param direct hosts that are reached without, also as the end of a name; {@code *} stands for all
 */
public record HubProxies(Map<String, URI> byScheme, List<String> direct) {
    /** None but those of the JVM's properties. */
    public static final HubProxies NONE = new HubProxies(Map.of(), List.of());

    public HubProxies {
        byScheme = Map.copyOf(byScheme);
        direct = List.copyOf(direct);
    }

    static HubProxies of(Map<String, String> variables) {
        Map<String, URI> byScheme = new HashMap<>();
        for (String scheme : List.of("http", "https")) {
            Stream.of(scheme + "_proxy", "all_proxy")
                    .flatMap(name -> value(variables, name).map(text -> address(name, text)).stream())
                    .findFirst()
                    .ifPresent(proxy -> byScheme.put(scheme, proxy));
        }
        List<String> direct = value(variables, "no_proxy").stream()
                .flatMap(text -> Arrays.stream(text.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)))
                .map(host -> host.startsWith("*.") ? host.substring(1) : host)
                .filter(host -> !host.isEmpty())
                .toList();
        return new HubProxies(byScheme, direct);
    }

    private static Optional<String> value(Map<String, String> variables, String name) {
        return Stream.of(name, name.toUpperCase(Locale.ROOT))
                .flatMap(each -> Optional.ofNullable(variables.get(each)).stream())
                .map(String::strip)
                .filter(text -> !text.isEmpty())
                .findFirst();
    }

    private static URI address(String name, String text) {
        try {
            URI proxy = new URI(text.contains("://") ? text : "http://" + text);
            if (proxy.getHost() != null
                    && List.of("http", "https").contains(proxy.getScheme().toLowerCase(Locale.ROOT))) {
                return proxy;
            }
        } catch (URISyntaxException e) {
            // Said below; the text may hold a password.
        }
        throw new HubException(
                "%s: expected the address of an HTTP proxy such as http://proxy:3128; correct it or unset it."
                        .formatted(name));
    }

    /** Who asks before each request. */
    ProxySelector selector() {
        if (byScheme.isEmpty()) {
            return ProxySelector.getDefault();
        }
        return new ProxySelector() {
            @Override
            public List<Proxy> select(URI uri) {
                URI proxy = byScheme.get(uri.getScheme().toLowerCase(Locale.ROOT));
                if (proxy == null || isDirect(uri)) {
                    return List.of(Proxy.NO_PROXY);
                }
                return List.of(new Proxy(Proxy.Type.HTTP, new InetSocketAddress(proxy.getHost(), port(proxy))));
            }

            @Override
            public void connectFailed(URI uri, SocketAddress address, IOException failure) {}
        };
    }

    /** User and password of the proxies, if one has them in its address. */
    Optional<Authenticator> authenticator() {
        if (byScheme.values().stream().allMatch(proxy -> proxy.getRawUserInfo() == null)) {
            return Optional.empty();
        }
        return Optional.of(new Authenticator() {
            @Override
            protected @Nullable PasswordAuthentication getPasswordAuthentication() {
                return byScheme.values().stream()
                        .filter(proxy -> getRequestorType() == RequestorType.PROXY
                                && proxy.getRawUserInfo() != null
                                && proxy.getHost().equalsIgnoreCase(getRequestingHost())
                                && port(proxy) == getRequestingPort())
                        .findFirst()
                        .map(HubProxies::credentials)
                        .orElse(null);
            }
        });
    }

    private static PasswordAuthentication credentials(URI proxy) {
        String[] parts = proxy.getRawUserInfo().split(":", 2);
        return new PasswordAuthentication(
                decoded(parts[0]), decoded(parts.length > 1 ? parts[1] : "").toCharArray());
    }

    private static String decoded(String text) {
        return URLDecoder.decode(text.replace("+", "%2B"), StandardCharsets.UTF_8);
    }

    /** Without addresses, which may hold passwords. */
    @Override
    public String toString() {
        return "HubProxies[for %s, direct=%s]".formatted(byScheme.keySet(), direct);
    }

    private boolean isDirect(URI uri) {
        String host = uri.getHost().toLowerCase(Locale.ROOT);
        return direct.stream().anyMatch(each -> {
            String name = each.replaceFirst(":\\d+$", "");
            return name.equals("*") || host.equals(name) || host.endsWith(name.startsWith(".") ? name : "." + name);
        });
    }

    private static int port(URI proxy) {
        if (proxy.getPort() >= 0) {
            return proxy.getPort();
        }
        return proxy.getScheme().equalsIgnoreCase("https") ? 443 : 80;
    }
}
