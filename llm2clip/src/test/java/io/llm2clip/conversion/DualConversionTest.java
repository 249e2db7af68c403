package io.llm2clip.conversion;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.Llm2Clip;
import io.llm2clip.LoadOptions;
import io.llm2clip.data.InputException;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.ResizeFilter;
import io.llm2clip.inspection.ModelReport;
import io.llm2clip.model.CheckpointKind;
import io.llm2clip.model.DualFixture;
import io.llm2clip.model.ModelInspection;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.nn.SavedType;
import io.llm2clip.nn.Saving;
import io.llm2clip.nn.checkpoint.Checkpoint;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.checkpoint.StoredTensor;
import io.llm2clip.nn.checkpoint.StoredType;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.text.SpecialTokens;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** CLIP and SigLIP of every layout are written whole: both towers, and all that captions and images need to go through them. */
class DualConversionTest {
    private static final float TOLERANCE = 1e-5f;
    private static final JsonMapper JSON = JsonMapper.builder().build();

    @TempDir
    private Path folder;

    private static Stream<String> models() {
        return Stream.of(
                DualFixture.CLIP,
                DualFixture.OPENAI,
                DualFixture.OPEN_CLIP,
                DualFixture.EVA02,
                DualFixture.SIGLIP2,
                DualFixture.SIGLIP2_TIMM,
                DualFixture.SIGLIP2_NAFLEX,
                DualFixture.FG_CLIP_2);
    }

    private Path in(DualFixture model) throws IOException {
        return model.model(model.write(folder.resolve("in")));
    }

    private static Conversion.Result convert(Path in, Path out, SavedType type, long shardBytes) {
        return new Conversion(in, out, Optional.empty(), List.of(), type, shardBytes, Existing.REFUSE)
                .run(Progress.NONE);
    }

    @ParameterizedTest
    @MethodSource("models")
    void bothTowersEmbedAsBefore(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        JsonNode golden = model.golden();
        Path in = in(model);
        // The property keeps what is written for tests/reference/load_dual_encoders.py.
        Path out = Optional.ofNullable(System.getProperty("llm2clip.python"))
                .map(kept -> Path.of(kept).resolve("dual").resolve(name))
                .orElse(folder.resolve("out"));
        long before = EngineMemory.liveBytes();
        EngineMemory.resetPeak();
        Conversion.Result result = convert(in, out, SavedType.STORED, 40_000);
        assertThat(EngineMemory.peakBytes()).as("no weight in memory").isEqualTo(before);
        assertThat(result.kind()).isEqualTo(CheckpointKind.DUAL_ENCODER);
        assertThat(result.roundings()).isEmpty();
        assertThat(out.resolve("model.safetensors.index.json")).exists();
        try (Llm2Clip from = Llm2Clip.load(in);
                Llm2Clip to = Llm2Clip.load(out)) {
            float[][] texts = to.embedTexts(model.captions());
            assertThat(texts).isDeepEqualTo(from.embedTexts(model.captions()));
            float[][] rows = DualFixture.rows(golden.path("texts"));
            for (int i = 0; i < rows.length; i++) {
                assertThat(texts[i]).containsExactly(rows[i], within(TOLERANCE));
            }
            float[] image = to.embedImages(List.of(DualFixture.picture()))[0];
            assertThat(image).containsExactly(DualFixture.floats(golden.path("image")), within(TOLERANCE));
            assertThat(to.logitScale()).isEqualTo(from.logitScale());
            assertThat(to.logitBias()).isEqualTo(from.logitBias());
            assertThat(to.maxTextLength()).isEqualTo(from.maxTextLength());
            assertThat(to.description()).isEqualTo(from.description());
        }
        assertThat(ModelInspection.of(out).kind()).isEqualTo(ModelReport.Kind.DUAL_ENCODER);
        assertThat(ModelInspection.of(out).problems()).isEmpty();
        JsonNode config = JSON.readTree(Files.readAllBytes(out.resolve("config.json")));
        assertThat(config.path("model_type").asString())
                .isEqualTo(
                        switch (name) {
                            case DualFixture.EVA02 -> "llm2clip_dual_encoder";
                            case DualFixture.SIGLIP2, DualFixture.SIGLIP2_TIMM -> "siglip";
                            case DualFixture.SIGLIP2_NAFLEX -> "siglip2";
                            case DualFixture.FG_CLIP_2 -> "fgclip2";
                            default -> "clip";
                        });
        // Written again it is the same.
        Path again = folder.resolve("again");
        convert(out, again, SavedType.STORED, Saving.USUAL_SHARD);
        for (String file :
                List.of("config.json", "tokenizer.json", "tokenizer_config.json", "preprocessor_config.json")) {
            assertThat(again.resolve(file)).hasSameBinaryContentAs(out.resolve(file));
        }
    }

    @ParameterizedTest
    @MethodSource("models")
    void specialTokensAreStillParsedOrRead(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        Path in = in(model);
        Path out = folder.resolve("out");
        convert(in, out, SavedType.STORED, Saving.USUAL_SHARD);
        List<String> captions = List.of("a <|endoftext|> kite", "a<eos><pad>kite", " A Red, KITE ");
        for (SpecialTokens taken : SpecialTokens.values()) {
            LoadOptions options = LoadOptions.DEFAULT.withSpecialTokens(taken);
            try (Llm2Clip from = Llm2Clip.load(in, options);
                    Llm2Clip to = Llm2Clip.load(out, options)) {
                assertThat(to.embedTexts(captions)).isDeepEqualTo(from.embedTexts(captions));
            }
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"F32", "BF16", "F16", "INT8", "INT4"})
    void weightsAreOfTheTypeThatIsAskedFor(SavedType type) throws IOException {
        for (String name : List.of(DualFixture.OPENAI, DualFixture.SIGLIP2, DualFixture.EVA02, DualFixture.FG_CLIP_2)) {
            DualFixture model = DualFixture.read(name);
            Path in = model.model(model.write(folder.resolve("in-" + name)));
            Path out = folder.resolve("out-" + name);
            Conversion.Result result = convert(in, out, type, Saving.USUAL_SHARD);
            assertThat(result.roundings().isEmpty()).isEqualTo(type == SavedType.F32 || type == SavedType.F16);
            StoredType expected = switch (type) {
                case INT8 -> StoredType.Q8_0;
                case INT4 -> StoredType.Q4_1;
                default -> StoredType.valueOf(type.name());
            };
            try (Checkpoint weights = Checkpoint.open(out)) {
                for (String matrix : List.of("text_model.encoder.layers.0.mlp.fc1.weight", vision(name))) {
                    assertThat(weights.tensor(matrix).type()).as(matrix).isEqualTo(expected);
                }
                StoredTensor scale = weights.tensor("logit_scale");
                assertThat(scale.shape())
                        .isEqualTo(
                                name.equals(DualFixture.SIGLIP2) || name.equals(DualFixture.FG_CLIP_2)
                                        ? List.of(1L)
                                        : List.of());
                assertThat(scale.type()).isIn(StoredType.F32, StoredType.F16);
            }
            float[] exact = DualFixture.rows(model.golden().path("texts"))[0];
            float[] image = DualFixture.floats(model.golden().path("image"));
            double similar = type == SavedType.INT4 ? 0.9 : 0.999;
            try (Llm2Clip loaded = Llm2Clip.load(out)) {
                assertThat(cosine(loaded.embedTexts(model.captions())[0], exact))
                        .isBetween(similar, 1 + 1e-6);
                assertThat(cosine(loaded.embedImages(List.of(DualFixture.picture()))[0], image))
                        .isBetween(similar, 1 + 1e-6);
            }
        }
    }

    private static String vision(String name) {
        return name.equals(DualFixture.EVA02)
                ? "visual.blocks.0.mlp.w1.weight"
                : "vision_model.encoder.layers.0.mlp.fc1.weight";
    }

    private static double cosine(float[] a, float[] b) {
        double sum = 0;
        for (int i = 0; i < a.length; i++) {
            sum += (double) a[i] * b[i];
        }
        return sum;
    }

    /** What a directory of ours says of images is what it was opened with. */
    @ParameterizedTest
    @ValueSource(strings = {DualFixture.SIGLIP2, DualFixture.SIGLIP2_NAFLEX, DualFixture.FG_CLIP_2})
    void imagesArePreparedAsBefore(String name) throws IOException {
        DualFixture model = DualFixture.read(name);
        Path in = in(model);
        convert(in, folder.resolve("out"), SavedType.STORED, Saving.USUAL_SHARD);
        try (Llm2Clip loaded = Llm2Clip.load(folder.resolve("out"))) {
            VisionConfig tower = VisionConfig.ofCheckpoint(folder.resolve("out"));
            assertThat(tower).isEqualTo(VisionConfig.ofCheckpoint(in));
            Preprocessing way = loaded.description().preprocessing().of(tower);
            assertThat(way.filter()).isEqualTo(ResizeFilter.BILINEAR);
        }
        JsonNode written = JSON.readTree(Files.readAllBytes(folder.resolve("out/preprocessor_config.json")));
        JsonNode original = JSON.readTree(Files.readAllBytes(in.resolve("preprocessor_config.json")));
        for (String key : List.of(
                "image_mean",
                "image_std",
                "size",
                "resample",
                "do_resize",
                "do_normalize",
                "max_num_patches",
                "patch_size",
                "image_processor_type")) {
            assertThat(written.path(key)).as(key).isEqualTo(original.path(key));
        }
    }

    @Test
    void whatIsMissingIsSaidBeforeAnythingIsWritten() throws IOException {
        DualFixture model = DualFixture.read(DualFixture.OPENAI);
        Path in = in(model);
        Path out = folder.resolve("out");
        Files.delete(in.resolveSibling("bpe_simple_vocab_16e6.txt.gz"));
        assertThatThrownBy(() -> convert(in, out, SavedType.STORED, 1))
                .hasMessageContaining("expected CLIP's vocabulary beside the weights");
        assertThat(out).doesNotExist();
        assertThatThrownBy(() -> new Conversion(
                                in,
                                out,
                                Optional.of(folder),
                                List.of(),
                                SavedType.STORED,
                                Saving.USUAL_SHARD,
                                Existing.REFUSE)
                        .run(Progress.NONE))
                .isInstanceOf(InputException.class)
                .hasMessage("%s: --text-encoder is for a published model, found a dual encoder; leave it out.", in);
        try (Stream<Path> left = Files.list(folder)) {
            assertThat(left).containsExactly(folder.resolve("in"));
        }
    }
}
