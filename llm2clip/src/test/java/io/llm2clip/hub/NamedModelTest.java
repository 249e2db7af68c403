package io.llm2clip.hub;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.model.PublishedFixture;
import io.llm2clip.progress.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From the Hub to embeddings: what was fetched opens by its name, with the text encoder that lies beside it in the cache. */
class NamedModelTest {
    private static final String MODEL = "microsoft/LLM2CLIP-Openai-L-14-336";
    private static final String TEXT = "microsoft/" + PublishedFixture.TEXT_ENCODER;

    @TempDir
    Path folder;

    private HubSettings settings;

    @BeforeEach
    void settings() {
        settings = HubSettings.of(Map.of("HF_HUB_CACHE", folder.resolve("cache").toString()), folder);
    }

    private TestHub serve(String name, Path directory) throws IOException {
        TestHub hub = new TestHub(HubName.parse(name));
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                hub.with(String.valueOf(file.getFileName()), Files.readAllBytes(file));
            }
        }
        return hub;
    }

    private void pull(String name, Path directory) throws IOException {
        try (TestHub hub = serve(name, directory)) {
            new HubPull(settings.withEndpoint(hub.endpoint()), TestHub.QUICK)
                    .run(HubName.parse(name), FileChoice.DEFAULT, Progress.NONE);
        }
    }

    @Test
    void aFetchedModelOpensByItsName() throws IOException {
        PublishedFixture fixture = PublishedFixture.read("LLM2CLIP-Openai-L-14-336");
        pull(MODEL, fixture.write(folder.resolve("model")));
        pull(TEXT, PublishedFixture.writeTextEncoder(folder.resolve("text")));
        try (Llm2Clip model = Llm2Clip.load(HubPath.of(MODEL, settings), LoadOptions.DEFAULT)) {
            assertThat(model.embedTexts(PublishedFixture.captions())[0])
                    .usingComparatorWithPrecision(1e-4f)
                    .containsExactly(fixture.captionEmbeddings()[0]);
        }
    }

    @Test
    void aPathOpensToo() throws IOException {
        Path model =
                PublishedFixture.read("LLM2CLIP-Openai-L-14-336").write(folder.resolve("LLM2CLIP-Openai-L-14-336"));
        PublishedFixture.writeTextEncoder(folder.resolve(PublishedFixture.TEXT_ENCODER));
        try (Llm2Clip loaded = Llm2Clip.load(model.toString())) {
            assertThat(loaded.embeddingSize()).isEqualTo(24);
        }
        assertThatThrownBy(() -> Llm2Clip.load("nobody/nothing-of-this-name"))
                .isInstanceOf(HubException.class)
                .hasMessageContaining("fetch the model with 'llm2clip pull nobody/nothing-of-this-name'.");
    }
}
