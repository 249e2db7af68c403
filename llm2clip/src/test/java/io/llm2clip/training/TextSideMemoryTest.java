package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.data.TextVectorStore;
import io.llm2clip.dataset.Example;
import io.llm2clip.dataset.ImageExamples;
import io.llm2clip.dataset.ImageMix;
import io.llm2clip.dataset.MemoryExamples;
import io.llm2clip.image.ImageReader;
import io.llm2clip.image.Preprocessing;
import io.llm2clip.image.RgbImage;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.Logits;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionConfig;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.LoraSettings;
import io.llm2clip.nn.Parameter;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.checkpoint.OutputDirectory.Existing;
import io.llm2clip.nn.optimizer.AdamW;
import io.llm2clip.nn.optimizer.ParameterGroups;
import io.llm2clip.nn.optimizer.Schedule;
import io.llm2clip.tensor.CounterRandom;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.text.CaptionKinds;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What stage 2 foretells of language models that read captions in its steps. */
class TextSideMemoryTest {
    private static final int HIDDEN = 256;
    private static final List<String> CAPTIONS = List.of("a red kite", "a small tent", "a beach", "a meadow");

    @TempDir
    Path folder;

    private final Parameters parameters = new Parameters(1);
    private TextModel language;
    private TextAdapter adapter;

    @BeforeEach
    void open() {
        Path encoder = folder.resolve("text");
        try (TextModel text = TextModel.create(
                new LlamaConfig(300, HIDDEN, 1024, 16, 4, 2, 64, 1e-5f, 10000, null, 512, false),
                3,
                folder.resolve("tokenizer.json"),
                Stream.of("a red kite over a beach", "a small tent on a meadow"))) {
            text.save(encoder, Map.of("stage_1.steps", "1"), Existing.REFUSE);
        }
        language = TextModel.open(encoder);
        adapter = TextAdapter.createIdentity(parameters, new TextAdapter.Config(HIDDEN, HIDDEN, true));
    }

    @AfterEach
    void close() {
        language.close();
        parameters.close();
    }

    /** Gigabytes of models that are said before the first step. */
    private double models(TextSide<?> side) {
        try (AdamW optimizer =
                new AdamW(ParameterGroups.of(side.parameters(), 0), AdamW.Options.DEFAULT, Device.cpu())) {
            Notes notes = new Notes();
            TrainingPhase phase = new TrainingPhase(
                    "stage 2",
                    1,
                    new Schedule.Constant(1e-3f),
                    0,
                    optimizer,
                    StepOptions.PLAIN,
                    ProgramOptions.DEFAULT);
            StepMaker steps = new StepMaker() {
                @Override
                public float make(TrainingLoop loop) {
                    throw new AssertionError();
                }

                @Override
                public void seek(int step, String position) {
                    throw new AssertionError();
                }

                @Override
                public long mappedBytes() {
                    return side.mappedBytes();
                }
            };
            StepMemory.of(phase, steps, notes)
                    .check(1_000_000_000, 1, new RowStep(1, 1, false, _ -> List.of(), _ -> null, ""));
            Matcher said = Pattern.compile("models (\\d+\\.\\d) GB")
                    .matcher(notes.sentences().getFirst());
            assertThat(said.find()).isTrue();
            return Double.parseDouble(said.group(1));
        }
    }

    private static Example example(String caption) {
        return new Example("1", "data", Optional.empty(), List.of(new Example.Caption("captions", caption)));
    }

    private long weights() {
        return 4
                * language.llama().parameters().stream()
                        .mapToLong(parameter -> parameter.tensor().shape().size())
                        .sum();
    }

    /** Weights of the language model that are mapped or in memory. */
    @Test
    void onlineVectorsTakeTheLanguageModel() {
        VectorLookup online = VectorLookup.of(language.encoder());
        CachedTextSide side = new CachedTextSide(adapter, online, _ -> CaptionKinds.of(1));
        online.of(List.of("a red kite"));
        assertThat(side.mappedBytes()).isEqualTo(language.llama().mappedBytes());
        parameters.all().forEach(Parameter::data);
        double all = (EngineMemory.liveBytes() + side.mappedBytes()) / 1e9;
        assertThat(all).isGreaterThanOrEqualTo(weights() / 1e9);
        assertThat(models(side)).isCloseTo(all, within(0.051));
    }

    /** Vectors of a store are read by parts, those that are computed lie there as a whole. */
    @Test
    void vectorsOfAStepAreCounted() {
        long row = 4 * HIDDEN;
        CachedTextSide online =
                new CachedTextSide(adapter, VectorLookup.of(language.encoder()), _ -> CaptionKinds.of(1));
        try (TextVectorStore store = TextVectorStore.open(folder.resolve("vectors"), language.fingerprint(), HIDDEN)) {
            for (String caption : CAPTIONS) {
                store.put(language.encoder().formatted(caption), new float[HIDDEN]);
            }
            CachedTextSide stored =
                    new CachedTextSide(adapter, VectorLookup.of(language.encoder(), store), _ -> CaptionKinds.of(1));
            assertThat(stored.dataBytes(4096, 64)).isEqualTo(64 * row);
            assertThat(online.dataBytes(4096, 64)).isEqualTo((64 + 4096) * row);

            // What a part was read into receives the next one, too.
            TextSide.Captions drawn = stored.batch(
                    CAPTIONS.stream()
                            .map(caption -> stored.prepare(example(caption)))
                            .toList(),
                    new CounterRandom(1),
                    0);
            MemorySegment first = drawn.part().inputs(0, 2).getFirst().segment();
            MemorySegment second = drawn.part().inputs(2, 4).getFirst().segment();
            assertThat(second.address()).isEqualTo(first.address());
            assertThat(first.byteSize()).isEqualTo(stored.dataBytes(4, 2));
        }
    }

    /** Pictures that are made and those that are read ahead, numbers of a part of them, and vectors. */
    @Test
    void allDataOfAStepAreForetold() {
        VisionTower vision = VisionTower.create(
                parameters, VisionConfig.small(VisionConfig.Architecture.CLIP, 16, 8, 64, 1, HIDDEN));
        List<RgbImage> pictures = Collections.nCopies(6, new RgbImage(16, 16, new byte[3 * 16 * 16]));
        ImageMix mix = ImageMix.of(
                new ImageExamples(new MemoryExamples(pictures), ImageReader.DEFAULT, Preprocessing.miniature(16)));
        CachedTextSide text = new CachedTextSide(adapter, VectorLookup.of(language.encoder()), _ -> CaptionKinds.of(1));
        OptimizerSettings optimizer = new OptimizerSettings(1e-3f, 0, 0, AdamW.Options.DEFAULT);
        List<Contrast> contrasts = Contrast.alone(text, Logits.softmax(parameters));
        for (StepOptions options : List.of(StepOptions.PLAIN, StepOptions.PLAIN.withChunk(2))) {
            ClipTraining.Config config =
                    new ClipTraining.Config(1, 4, optimizer, 1, 1, 0, 1, options, ParameterRules.NONE);
            try (ClipSteps<?> steps = new ClipSteps<>(
                    "stage 2",
                    new VisionSide(vision, VisionTraining.WHOLE, 1),
                    text,
                    contrasts,
                    mix,
                    4,
                    config,
                    new Notes())) {
                int part = options.part(4);
                long pixels = 3 * 16 * 16;
                assertThat(steps.dataBytes()).isEqualTo(2 * 4 * pixels + 4 * part * pixels + 4L * (part + 4) * HIDDEN);
            }
        }
    }

    /** The longest captions take as much more as they have tokens. */
    @Test
    void updatesTakeTheLanguageModelAndMoreForLongerCaptions() {
        LoraSettings lora = LoraSettings.of(2, 4);
        language.llama().attachLora(parameters, lora);
        UpdatedTextSide side = new UpdatedTextSide(adapter, language.encoder(), CaptionDraw.EQUAL, lora, () -> 120);
        parameters.all().forEach(Parameter::data);
        double all = (EngineMemory.liveBytes() + side.mappedBytes()) / 1e9;
        assertThat(models(side)).isCloseTo(all, within(0.051));
        String caption = "a red kite";
        int tokens = language.encoder().rows(List.of(caption)).getFirst().ids().length;
        UpdatedTextSide.Candidates candidates = side.prepare(example(caption));
        TextSide.Captions drawn = side.batch(List.of(candidates, candidates), new CounterRandom(1), 0);
        assertThat(drawn.growth()).isCloseTo(120.0 / tokens, within(1e-9));
    }
}
