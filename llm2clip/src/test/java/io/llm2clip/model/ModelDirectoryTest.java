package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.nn.Initializer;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.ParameterFiles;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Round trip and every way a model directory can be wrong. */
class ModelDirectoryTest {
    @TempDir
    private Path temporary;

    private final Parameters parameters = new Parameters(11);
    private Path tokenizer;
    private Path directory;

    @BeforeEach
    void prepare() throws IOException {
        directory = temporary.resolve("model");
        tokenizer = temporary.resolve("tokenizer.json");
        TinyModel.writeTokenizer(tokenizer);
    }

    @AfterEach
    void free() {
        parameters.close();
    }

    @Test
    void savesAndOpensEveryPart() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        try (OpenModel opened = OpenModel.open(directory)) {
            assertThat(opened.model().description()).isEqualTo(TinyModel.DESCRIPTION);
            assertThat(opened.model().language().reading()).isEqualTo(TinyModel.READING);
            assertThat(opened.model().language().llama().config()).isEqualTo(TinyModel.text(16));
            assertThat(opened.model().logits().scale().data().item()).isEqualTo((float) Math.log(1 / 0.07));
            for (List<Parameter> part : List.of(
                    opened.model().language().llama().parameters(),
                    opened.model().language().adapter().parameters(),
                    opened.model().vision().parameters())) {
                for (Parameter parameter : part) {
                    assertThat(parameter.data().toFloats())
                            .as(parameter.name())
                            .isEqualTo(parameters.get(parameter.name()).data().toFloats());
                }
            }
            assertThat(opened.tokenizer().vocabularySize()).isLessThanOrEqualTo(TinyModel.VOCABULARY);
            assertThat(opened.path()).isEqualTo(directory);
        }
        assertThat(Files.readString(directory.resolve("text/special_tokens_map.json")))
                .contains("\"bos_token\" : \"<bos>\"", "\"eos_token\" : \"<eot>\"", "\"pad_token\" : \"<pad>\"");
        assertOnlyTheModel();
    }

    private void assertOnlyTheModel() throws IOException {
        try (Stream<Path> entries = Files.list(temporary)) {
            assertThat(entries).containsExactlyInAnyOrder(directory, tokenizer);
        }
    }

    @Test
    void replacesAnOlderModelButNothingElse() throws IOException {
        Llm2ClipModel model = TinyModel.create(parameters);
        ModelDirectory.save(directory, model, tokenizer, Existing.REPLACE);
        model.logits().scale().data().fill(3);
        ModelDirectory.save(directory, model, tokenizer, Existing.REPLACE);
        try (OpenModel opened = OpenModel.open(directory)) {
            assertThat(opened.model().logits().scale().data().item()).isEqualTo(3);
        }
        assertOnlyTheModel();
        Path photographs = Files.createDirectory(temporary.resolve("photographs"));
        Files.writeString(photographs.resolve("kite.jpg"), "not a model");
        assertThatThrownBy(() -> ModelDirectory.save(photographs, model, tokenizer, Existing.REPLACE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("found other files (kite.jpg); choose another name");
        assertThatThrownBy(() -> ModelDirectory.save(directory, model, tokenizer, Existing.REFUSE))
                .hasMessageContaining("holds a model already; choose another name or replace it with --overwrite");
        assertThat(photographs.resolve("kite.jpg")).exists();
    }

    @Test
    void aFailedSaveLeavesTheOldModelAndNoLitter() throws IOException {
        Llm2ClipModel model = TinyModel.create(parameters);
        ModelDirectory.save(directory, model, tokenizer, Existing.REPLACE);
        model.logits().scale().data().fill(3);
        Path missing = temporary.resolve("none.json");
        assertThatThrownBy(() -> ModelDirectory.save(directory, model, missing, Existing.REPLACE))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("cannot be written");
        try (OpenModel opened = OpenModel.open(directory)) {
            assertThat(opened.model().logits().scale().data().item()).isEqualTo((float) Math.log(1 / 0.07));
        }
        assertOnlyTheModel();
    }

    /** What is saved is their sum. */
    @Test
    void updatesAreMergedIntoWhatIsSaved() {
        Llm2ClipModel model = TinyModel.create(parameters);
        model.language().llama().attachLora(parameters, LoraSettings.of(2, 4));
        model.language().llama().loraParameters().forEach(parameter -> parameter.fill(i -> 0.01f * (i % 7)));
        ModelDirectory.save(directory, model, tokenizer, Existing.REPLACE);
        model.language().llama().mergeLora();
        try (OpenModel opened = OpenModel.open(directory)) {
            for (Parameter parameter : opened.model().language().llama().parameters()) {
                assertThat(parameter.data().toFloats())
                        .containsExactly(parameters.get(parameter.name()).data().toFloats(), within(1e-6f));
            }
        }
    }

    @Test
    void readsTextEncodersWithPrefixAndHead() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        try (Parameters wrapped = new Parameters(0)) {
            for (Parameter parameter : parameters.all()) {
                String name = parameter.name();
                if (name.startsWith("layers.") || name.startsWith("embed_") || name.startsWith("norm.")) {
                    wrapped.root().scope("model").create(name, parameter.shape(), Initializer.zeros());
                    wrapped.get("model." + name).data().copyFrom(parameter.data());
                }
            }
            wrapped.root()
                    .create("lm_head.weight", parameters.get("lm_head.weight").shape(), Initializer.zeros());
            ParameterFiles.save(wrapped.all(), directory.resolve("text/model.safetensors"), Map.of());
        }
        try (OpenModel opened = OpenModel.open(directory)) {
            assertThat(opened.model()
                            .language()
                            .llama()
                            .parameters()
                            .getFirst()
                            .data()
                            .toFloats())
                    .isEqualTo(parameters.get("embed_tokens.weight").data().toFloats());
        }
    }

    @Test
    void namesMissingParts() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        Files.delete(directory.resolve("adapter.safetensors"));
        assertThatThrownBy(() -> OpenModel.open(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(directory
                        + ": expected a trained model, but adapter.safetensors is missing; give the directory"
                        + " that training wrote, or a published LLM2CLIP model.");
        assertThatThrownBy(() -> OpenModel.open(temporary.resolve("nowhere")))
                .hasMessageContaining("llm2clip.json, adapter.safetensors, text/config.json");
    }

    @Test
    void namesPartsOfOtherSizes() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        TinyModel.text(2048).write(directory.resolve("text/config.json"));
        assertThatThrownBy(() -> OpenModel.open(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining(
                        "The adapter expects caption vectors of 16 channels, the text encoder gives 2048; use a text"
                                + " encoder of hidden size 16.");
        edit("\"caption_size\" : 16", "\"caption_size\" : 4096");
        assertThatThrownBy(() -> OpenModel.open(directory))
                .hasMessageContaining(
                        "use a text encoder of hidden size 4096, such as LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned.");
        edit("\"caption_size\" : 4096", "\"caption_size\" : 2048");
        edit("\"embedding_size\" : 6", "\"embedding_size\" : 7");
        assertThatThrownBy(() -> OpenModel.open(directory))
                .hasMessageContaining("The text branch gives embeddings of 7 channels, the vision tower of 6");
    }

    @Test
    void namesOtherVersionsArchitecturesAndTokenizers() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        edit("\"format_version\" : 1", "\"format_version\" : 2");
        assertThatThrownBy(() -> OpenModel.open(directory))
                .hasMessageContaining("expected a model of format version 1, found 2; use a newer release");
        edit("\"format_version\" : 2", "\"format_version\" : 1");
        Path config = directory.resolve("text/config.json");
        Files.writeString(config, Files.readString(config).replace("\"bidirectional_llama\"", "\"bert\""));
        assertThatThrownBy(() -> OpenModel.open(directory)).hasMessageContaining("found 'bert'");
        Files.writeString(
                config,
                Files.readString(config)
                        .replace("\"bert\"", "\"bidirectional_llama\"")
                        .replace("300", "200"));
        assertThatThrownBy(() -> OpenModel.open(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("embed_tokens.weight");
    }

    @Test
    void namesATokenizerOfMoreTokensThanTheTextEncoder() throws IOException {
        ModelDirectory.save(directory, TinyModel.create(parameters), tokenizer, Existing.REPLACE);
        Path file = directory.resolve("text/tokenizer.json");
        Files.writeString(file, Files.readString(file).replace("\"<eot>\":2", "\"<eot>\":2,\"<new>\":300"));
        assertThatThrownBy(() -> OpenModel.open(directory))
                .isInstanceOf(CheckpointException.class)
                .hasMessageContaining("the tokenizer has 301 tokens, the text encoder embeds 300");
    }

    private void edit(String before, String after) throws IOException {
        Path file = directory.resolve("llm2clip.json");
        String json = Files.readString(file);
        assertThat(json).contains(before);
        Files.writeString(file, json.replace(before, after));
    }
}
