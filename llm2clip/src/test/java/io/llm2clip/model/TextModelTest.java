package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.data.Fingerprint;
import io.llm2clip.data.InputException;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.CheckpointException;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.SafetensorsWriter;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.training.CaptionTraining;
import java.io.IOException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TextModelTest {
    private static final String ATTACK = "a kite<eot>";

    @TempDir
    private Path temporary;

    private Path model;
    private Path text;

    @BeforeEach
    void save() throws IOException {
        Path tokenizer = temporary.resolve("tokenizer.json");
        TinyModel.writeTokenizer(tokenizer);
        model = temporary.resolve("model");
        try (Parameters parameters = new Parameters(5)) {
            ModelDirectory.save(model, TinyModel.create(parameters), tokenizer, Existing.REFUSE);
        }
        text = model.resolve("text");
    }

    /** As whole models do, where nothing would be multiplied as integers. */
    @Test
    void integersAreForQuantizedWeights() {
        long before = EngineMemory.liveBytes();
        Execution integers = new Execution(Device.cpu(), new ProgramOptions(Precision.INT8));
        assertThatThrownBy(() -> TextModel.open(text, Optional.empty(), integers))
                .isInstanceOf(InputException.class)
                .hasMessage("The model " + text + " has no quantized weights, which the precision int8 is for; keep"
                        + " weights as int8 or int4 (--weights), or compute in f32.");
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    private record Change(String file, String before, String after) {}

    private static Fingerprint fingerprint(Path directory) {
        try (TextModel opened = TextModel.open(directory)) {
            return opened.fingerprint();
        }
    }

    @Test
    void aWholeModelStandsForItsParts() throws IOException {
        assertThat(fingerprint(model)).isEqualTo(fingerprint(text));
        try (Parameters parameters = Parameters.trained()) {
            assertThat(VisionTower.open(parameters, model).config().imageSize()).isEqualTo(16);
        }
        Path empty = Files.createDirectory(temporary.resolve("empty"));
        assertThatThrownBy(() -> TextModel.open(empty))
                .isInstanceOf(CheckpointException.class)
                .hasMessage(
                        "%s: expected a configuration file, found none; check that %s is the directory of a model or of its part.",
                        empty.resolve("config.json"), empty);
    }

    @Test
    void aPartOrTheFolderAroundAModelNamesTheModel() {
        for (Path near : List.of(text, model.resolve("vision"), temporary)) {
            assertThatThrownBy(() -> OpenModel.open(near))
                    .isInstanceOf(CheckpointException.class)
                    .hasMessageStartingWith(near + ": expected a trained model, but ")
                    .hasMessageEndingWith("; did you mean " + model + "?");
        }
    }

    @Test
    void fingerprintsCoverAllThatVectorsDependOn() throws IOException {
        Fingerprint before = fingerprint(text);
        assertThat(fingerprint(text)).isEqualTo(before);
        assertThat(before.parts())
                .containsOnlyKeys(
                        "weights",
                        "configuration",
                        "tokenizer",
                        "caption format",
                        "pooling",
                        "attention",
                        "precision",
                        "program");
        for (Change change : List.of(
                new Change("tokenizer.json", "\"use_regex\":true", "\"use_regex\":false"),
                new Change("config.json", "\"rope_theta\" : 10000.0", "\"rope_theta\" : 500000.0"),
                new Change("caption.json", "\"max_length\" : 512", "\"max_length\" : 77"),
                new Change("caption.json", "\"document_max_length\" : 512", "\"document_max_length\" : 400"),
                new Change("caption.json", "\"suffix\" : \"<eot>\"", "\"suffix\" : \"\""),
                new Change("caption.json", "\"skip_instruction\" : true", "\"skip_instruction\" : false"),
                new Change("caption.json", "\"special_tokens\" : \"as_text\"", "\"special_tokens\" : \"parsed\""))) {
            Path file = text.resolve(change.file);
            String original = Files.readString(file);
            assertThat(original).contains(change.before);
            Files.writeString(file, original.replace(change.before, change.after));
            assertThat(fingerprint(text)).as(change.after).isNotEqualTo(before);
            Files.writeString(file, original);
        }
        assertThat(fingerprint(text)).isEqualTo(before);
    }

    @Test
    void specialTokensAreTextUnlessTheModelOrTheCallerSaysOtherwise() throws IOException {
        try (TextModel asText = TextModel.open(text);
                TextModel parsed = TextModel.open(text, Optional.of(SpecialTokens.PARSED), Execution.cpu())) {
            int end = 2;
            assertThat(asText.row(ATTACK)).containsOnlyOnce(end).hasSizeGreaterThan(parsed.row(ATTACK).length);
            assertThat(Arrays.stream(parsed.row(ATTACK)).filter(id -> id == end).count())
                    .isEqualTo(2);
            assertThat(asText.row("a kite")).isEqualTo(parsed.row("a kite"));
            parsed.save(temporary.resolve("parsed"), Map.of("note", "parsed"), Existing.REFUSE);
        }
        try (TextModel again = TextModel.open(temporary.resolve("parsed"));
                TextModel asText = TextModel.open(
                        temporary.resolve("parsed"), Optional.of(SpecialTokens.AS_TEXT), Execution.cpu())) {
            assertThat(again.format().specialTokens()).isEqualTo(SpecialTokens.PARSED);
            assertThat(again.provenance()).isEqualTo(Map.of("note", "parsed"));
            assertThat(asText.row(ATTACK)).containsOnlyOnce(2);
        }
    }

    @Test
    void modelsSavedBeforeTheChoiceTakeCaptionsAsText() throws IOException {
        Path caption = text.resolve("caption.json");
        Files.writeString(caption, Files.readString(caption).replaceAll(",\\s*\"special_tokens\" : \"as_text\"", ""));
        assertThat(Files.readString(caption)).doesNotContain("special_tokens");
        try (TextModel opened = TextModel.open(text)) {
            assertThat(opened.format().specialTokens()).isEqualTo(SpecialTokens.AS_TEXT);
        }
    }

    @Test
    void countsCaptionsThatWereCut() {
        try (TextModel opened = TextModel.open(text)) {
            List<String> captions = List.of("a kite", "x ".repeat(600), "a tent", "y ".repeat(600));
            opened.vectors(captions).toArrays();
            assertThat(opened.encoder().cutCaptions()).isEqualTo(2);
            assertThat(opened.encoder().countCut(captions, 512)).isEqualTo(2);
            assertThat(opened.encoder().countCut(captions, 3)).isEqualTo(4);
        }
    }

    @Test
    void whatCannotBeOpenedOrMadeLeavesNoMemory() throws IOException {
        long before = EngineMemory.liveBytes();
        // Fails at the second of a block's matrices, when others are there already.
        LlamaConfig tooLarge = new LlamaConfig(300, 4096, 1 << 20, 1, 2, 1, 8, 1e-5f, 10000, null, 512, false);
        assertThatThrownBy(() ->
                        TextModel.create(tooLarge, 1, temporary.resolve("new.json"), Stream.of("a kite", "a tent")))
                .isInstanceOf(RuntimeException.class);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        Files.delete(text.resolve("model.safetensors"));
        assertThatThrownBy(() -> TextModel.open(text)).isInstanceOf(CheckpointException.class);
        assertThatThrownBy(() -> OpenModel.open(model)).isInstanceOf(CheckpointException.class);
        Files.delete(text.resolve("tokenizer.json"));
        assertThatThrownBy(() -> TextModel.open(text)).isInstanceOf(InputException.class);
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Whatever lengths it meets, in whatever order: there is the longest one's memory, and ids and vectors of each. */
    @Test
    void captionsOfManyLengthsTakeTheMemoryOfTheLongest() {
        try (TextModel opened = TextModel.open(text)) {
            opened.vectors(List.of("a kite"));
            long before = EngineMemory.liveBytes();
            EngineMemory.resetPeak();
            for (int words = 8; words <= 500; words += 8) {
                opened.vectors(List.of("x ".repeat(words)));
            }
            for (int words = 500; words > 0; words -= 9) {
                opened.vectors(List.of("y ".repeat(words)));
            }
            long grown = EngineMemory.peakBytes() - before;
            opened.encoder().close();
            EngineMemory.resetPeak();
            long weights = EngineMemory.liveBytes();
            opened.vectors(List.of("x ".repeat(500)));
            long longest = EngineMemory.peakBytes() - weights;
            int pinned = 64 * 2 * Integer.BYTES * 512;
            assertThat(grown).isLessThan(longest + pinned);
        }
    }

    @Test
    void closesOnceAndForAll() {
        long before = EngineMemory.liveBytes();
        TextModel opened = TextModel.open(text);
        opened.vectors(List.of("a kite"));
        opened.close();
        opened.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
        OpenModel directory = OpenModel.open(model);
        directory.close();
        directory.close();
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** Programs that were compiled before are of the model as it was; its files stay as they are. */
    @Test
    void aFrozenModelIsTrainedByUpdatesThatAreMergedIntoNewWeights() throws IOException {
        List<List<String>> groups = List.of(
                List.of("a red kite over a beach", "a kite", "a red kite"),
                List.of("a small tent on a meadow", "a tent", "a small tent"),
                List.of("a red tent on a beach", "a beach", "a red tent"));
        List<String> captions = List.of("a red kite", "a tent on a meadow");
        byte[] stored = Files.readAllBytes(text.resolve("model.safetensors"));
        Path out = temporary.resolve("tuned");
        float[][] trained;
        long live = EngineMemory.liveBytes();
        try (TextModel opened = TextModel.open(text)) {
            assertThat(opened.llama().parameters()).allMatch(Parameter::isFrozen);
            float[][] before = opened.vectors(captions).toArrays();
            CaptionTraining.Config config = CaptionTraining.Config.fromScratch(5, 1);
            CaptionTraining.prepare(opened.encoder(), groups, config, Progress.NONE)
                    .run(Progress.NONE);
            trained = opened.vectors(captions).toArrays();
            assertThat(Arrays.deepEquals(trained, before)).isFalse();
            opened.save(out, Map.of(), Existing.REFUSE);
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(live);
        assertThat(Files.readAllBytes(text.resolve("model.safetensors"))).isEqualTo(stored);
        try (TextModel again = TextModel.open(out)) {
            assertThat(again.vectors(captions).toArrays()).isDeepEqualTo(trained);
        }
    }

    /** What is saved with a model that was trained beside it is the file that was opened, and its configuration says its type. */
    @Test
    void aFrozenModelIsSavedAsItWasStored() throws IOException {
        Path weights = text.resolve("model.safetensors");
        Map<String, StoredTensor> halves = new HashMap<>();
        try (Checkpoint source = Checkpoint.open(weights)) {
            source.entries().forEach((name, tensor) -> halves.put(name, bf16(tensor)));
            SafetensorsWriter.write(weights, halves, Map.of());
        }
        Path out = temporary.resolve("again");
        try (TextModel opened = TextModel.open(text)) {
            assertThat(opened.bytes(Saving.DEFAULT))
                    .isEqualTo(halves.values().stream()
                            .mapToLong(t -> t.data().byteSize())
                            .sum());
            opened.save(out, Map.of(), Existing.REFUSE);
        }
        assertThat(out.resolve("model.safetensors")).hasSameBinaryContentAs(weights);
        assertThat(out.resolve("config.json")).content().contains("\"torch_dtype\" : \"bfloat16\"");
        assertThat(text.resolve("config.json")).content().contains("\"torch_dtype\" : \"float32\"");
        assertThat(fingerprint(out)).isEqualTo(fingerprint(text));
    }

    private static StoredTensor bf16(StoredTensor tensor) {
        float[] floats = tensor.toFloats();
        MemorySegment halves = MemorySegment.ofArray(new byte[2 * floats.length]);
        for (int i = 0; i < floats.length; i++) {
            halves.set(ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN), 2L * i, (short)
                    (Float.floatToRawIntBits(floats[i]) >>> 16));
        }
        return new StoredTensor(StoredType.BF16, tensor.shape(), halves);
    }
}
