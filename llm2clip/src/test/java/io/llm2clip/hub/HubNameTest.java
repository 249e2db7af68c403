package io.llm2clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HubNameTest {
    @TempDir
    Path folder;

    @Test
    void aNameHasARevision() {
        assertThat(HubName.parse("microsoft/LLM2CLIP-Openai-L-14-336"))
                .isEqualTo(new HubName("microsoft", "LLM2CLIP-Openai-L-14-336", "main"))
                .hasToString("microsoft/LLM2CLIP-Openai-L-14-336");
        assertThat(HubName.parse("meta-llama/Llama-3.1-8B@refs/pr/7"))
                .isEqualTo(new HubName("meta-llama", "Llama-3.1-8B", "refs/pr/7"))
                .hasToString("meta-llama/Llama-3.1-8B@refs/pr/7");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "a",
                "/a",
                "a/",
                "a/b/c",
                "./a",
                "../a",
                "a/..",
                "~/a",
                "a//b",
                "a b/c",
                "a--b/c",
                "a/b..c",
                "-a/b",
                "a/b.",
                "a/b.git",
                "a/b@",
                "a/b@..",
                "a/b@x/../y",
                "a/b@/x",
                "a/b@x/",
                "a/b@x\\y",
                "a/b@x y",
                "a\\b",
                "C:/b",
                "a/b\n",
                "größe/b",
                "https://huggingface.co/a/b"
            })
    void otherTextIsNone(String text) {
        assertThat(HubName.isName(text)).isFalse();
        assertThatThrownBy(() -> HubName.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "expected the name of a repository of the Hub, such as owner/name or owner/name@revision, found '"
                                + text + "'; check its spelling.");
    }

    @Test
    void aNameIsTheFolderInTheCache() throws IOException {
        HubSettings settings = HubSettings.of(Map.of("HF_HUB_CACHE", folder.toString()), folder);
        assertThatThrownBy(() -> HubPath.of("microsoft/none@v1", settings))
                .isInstanceOf(HubException.class)
                .hasMessage(
                        "microsoft/none@v1: there is no such file or directory, and no model of this name of the Hub in %s; correct the path, or fetch the model with 'llm2clip pull microsoft/none@v1'."
                                .formatted(folder));
        String commit = "ab".repeat(20);
        Path repository = folder.resolve("models--microsoft--none");
        Path snapshot = Files.createDirectories(repository.resolve("snapshots").resolve(commit));
        Files.createDirectories(repository.resolve("refs"));
        // As Python's library writes it, or an editor.
        Files.writeString(repository.resolve("refs/v1"), commit + "\n");
        assertThat(HubPath.of("microsoft/none@v1", settings)).isEqualTo(snapshot);
        assertThat(HubPath.of("microsoft/none@" + commit, settings)).isEqualTo(snapshot);
        assertThat(HubPath.cached("microsoft/none@v1", settings)).contains(snapshot);
        assertThat(HubPath.cached("microsoft/other", settings)).isEmpty();
        assertThat(HubPath.cached("no/name/of/the/hub", settings)).isEmpty();
        Files.writeString(repository.resolve("refs/main"), "../../..");
        assertThatThrownBy(() -> HubPath.of("microsoft/none", settings)).isInstanceOf(HubException.class);
    }

    @Test
    void aSnapshotKnowsItsModelAndItsNeighbors() throws IOException {
        Path snapshot = folder.resolve("models--microsoft--model/snapshots/1234");
        HubSnapshot expected = new HubSnapshot(folder, Optional.of("microsoft"), "model");
        assertThat(HubSnapshot.of(snapshot)).contains(expected);
        assertThat(HubSnapshot.of(snapshot.resolve("text"))).isEmpty();
        assertThat(HubSnapshot.around(snapshot.resolve("text/model.safetensors")))
                .contains(expected);
        assertThat(HubSnapshot.of(folder.resolve("models--gpt2/snapshots/main")))
                .contains(new HubSnapshot(folder, Optional.empty(), "gpt2"));
        for (String other :
                new String[] {"", "snapshots", "snapshots/1", "model/snapshots/1", "models--a--b/blobs/1"}) {
            assertThat(HubSnapshot.of(folder.resolve(other))).isEmpty();
        }
        assertThat(expected.named("encoder")).isEmpty();
        Path encoder = Files.createDirectories(folder.resolve("models--someone--encoder/refs"));
        assertThat(expected.named("encoder")).isEmpty();
        Files.writeString(encoder.resolve("main"), "56\n");
        Files.createDirectories(folder.resolve("models--someone--other-encoder/refs"));
        assertThat(expected.named("encoder")).containsExactly(encoder.resolveSibling("snapshots/56"));
        assertThat(new HubSnapshot(folder.resolve("none"), Optional.empty(), "model").named("encoder"))
                .isEmpty();
    }

    /** Tests run in the module's directory. */
    @Test
    void aDirectoryOfTheNameWins() {
        HubSettings settings = HubSettings.of(Map.of("HF_HUB_CACHE", folder.toString()), folder);
        assertThat(HubPath.of("src/main", settings)).isEqualTo(Path.of("src/main"));
        for (String path : new String[] {"runs/demo/model", "model", "a/model.safetensors", "x/y.PT", "/no/such", ""}) {
            assertThat(HubPath.of(path, settings)).isEqualTo(Path.of(path));
        }
    }
}
