package io.llm2clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class HubSettingsTest {
    @TempDir
    Path home;

    private HubSettings of(String... variables) {
        Map<String, String> map = new HashMap<>();
        for (int i = 0; i < variables.length; i += 2) {
            map.put(variables[i], variables[i + 1]);
        }
        return HubSettings.of(map, home);
    }

    @Test
    void withoutVariablesItIsTheHubAndTheUsersCache() {
        HubSettings settings = of();
        assertThat(settings.endpoint()).hasToString("https://huggingface.co");
        assertThat(settings.cache()).isEqualTo(home.resolve(".cache/huggingface/hub"));
        assertThat(settings.token()).isEmpty();
        assertThat(settings.offline()).isFalse();
    }

    @ParameterizedTest
    @CsvSource({
        "HF_HOME=/h, /h/hub",
        "HF_HOME=~/h, {home}/h/hub",
        "HF_HOME=$X/h;X=/x, /x/h/hub",
        "HF_HOME=${X}/h;X=/x, /x/h/hub",
        "XDG_CACHE_HOME=/c, /c/huggingface/hub",
        "XDG_CACHE_HOME=/c;HF_HOME=/h, /h/hub",
        "HUGGINGFACE_HUB_CACHE=/old;HF_HOME=/h, /old",
        "HF_HUB_CACHE=/new;HUGGINGFACE_HUB_CACHE=/old, /new",
        "HF_HUB_CACHE=~, {home}"
    })
    void theCacheIsWhereTheVariablesSay(String variables, String expected) {
        assertThat(of(variables.split("[=;]")).cache()).isEqualTo(Path.of(expected.replace("{home}", home.toString())));
    }

    @Test
    void theTokenIsAVariableOrAFile() throws IOException {
        Path file = home.resolve(".cache/huggingface/token");
        Files.createDirectories(file.getParent());
        Files.writeString(file, " hf_file\n");
        assertThat(of().token()).contains("hf_file");
        assertThat(of("HF_TOKEN", "hf_variable ").token()).contains("hf_variable");
        assertThat(of("HUGGING_FACE_HUB_TOKEN", "hf_old").token()).contains("hf_old");
        assertThat(of("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1").token()).isEmpty();
        assertThat(of("HF_TOKEN_PATH", "~/none").token()).isEmpty();
        assertThat(of("HF_TOKEN", "hf_variable"))
                .asString()
                .contains("token=given")
                .doesNotContain("hf_variable");
        Files.writeString(file, "");
        assertThat(of().token()).isEmpty();
        Files.writeString(file, "hf a\nb");
        assertThatThrownBy(this::of)
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "The token of the Hub in %s has characters that no token has; copy it again from the Hub's settings."
                                .formatted(file));
    }

    @ParameterizedTest
    @CsvSource({"1, true", "true, true", "YES, true", "on, true", "0, false", "no, false", "'', false"})
    void offlineIsATruth(String value, boolean offline) {
        assertThat(of("HF_HUB_OFFLINE", value).offline()).isEqualTo(offline);
        assertThat(of("TRANSFORMERS_OFFLINE", value).offline()).isEqualTo(offline);
    }

    @Test
    void aMirrorMayHaveAPath() {
        HubSettings settings = of("HF_ENDPOINT", "https://mirror.example/hf//");
        assertThat(HubAddress.listing(settings.endpoint(), HubName.parse("a/b@refs/pr/1")))
                .hasToString("https://mirror.example/hf/api/models/a/b/revision/refs%2Fpr%2F1?blobs=true");
        assertThat(HubAddress.file(settings.endpoint(), HubName.parse("a/b"), "c0", "x y/größe%.json"))
                .hasToString("https://mirror.example/hf/a/b/resolve/c0/x%20y/gr%C3%B6%C3%9Fe%25.json");
    }

    @ParameterizedTest
    @ValueSource(strings = {"huggingface.co", "ftp://x", "https://", "https://a b", "https://x?y", "/path"})
    void whatIsNoAddressIsRefused(String text) {
        assertThatThrownBy(() -> of("HF_ENDPOINT", text))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "HF_ENDPOINT: expected an address of the Hub such as https://huggingface.co, found '%s'; correct it or leave it out."
                                .formatted(text));
        assertThatThrownBy(() -> of().withEndpoint(text)).hasMessageStartingWith("--endpoint: expected an address");
    }

    @Test
    void serversAreTheSameByHostSchemeAndPort() {
        URI hub = URI.create("https://huggingface.co");
        assertThat(HubAddress.sameServer(hub, URI.create("https://HuggingFace.co:443/x")))
                .isTrue();
        for (String other : new String[] {
            "http://huggingface.co",
            "https://huggingface.co:444",
            "https://cdn.huggingface.co",
            "https://huggingface.co.evil.example",
            "https://huggingface.co@evil.example/"
        }) {
            assertThat(HubAddress.sameServer(hub, URI.create(other))).as(other).isFalse();
        }
    }

    @Test
    void proxiesAreThoseOfTheVariables() {
        HubSettings settings = of(
                "HTTPS_PROXY",
                "http://user:p%40ss@proxy.example:3128",
                "http_proxy",
                "plain",
                "NO_PROXY",
                "localhost,.inner.example, *.other.example");
        assertThat(proxy(settings, "https://huggingface.co/x")).isEqualTo(new InetSocketAddress("proxy.example", 3128));
        assertThat(proxy(settings, "http://huggingface.co/x")).isEqualTo(new InetSocketAddress("plain", 80));
        for (String direct :
                new String[] {"https://localhost", "https://a.inner.example", "https://b.other.example:99"}) {
            assertThat(settings.proxies().selector().select(URI.create(direct)))
                    .as(direct)
                    .containsExactly(Proxy.NO_PROXY);
        }
        assertThat(settings.proxies().authenticator()).isPresent();
        assertThat(settings.proxies()).asString().doesNotContain("p%40ss");
        assertThat(of("all_proxy", "http://a:1").proxies().byScheme()).containsOnlyKeys("http", "https");
        assertThat(of("https_proxy", "http://a:1", "no_proxy", "*")
                        .proxies()
                        .selector()
                        .select(URI.create("https://x")))
                .containsExactly(Proxy.NO_PROXY);
        assertThatThrownBy(() -> of("https_proxy", "socks5://user:secret@x:1"))
                .hasMessage(
                        "https_proxy: expected the address of an HTTP proxy such as http://proxy:3128; correct it or unset it.");
    }

    private static InetSocketAddress proxy(HubSettings settings, String address) {
        return (InetSocketAddress) settings.proxies()
                .selector()
                .select(URI.create(address))
                .getFirst()
                .address();
    }
}
