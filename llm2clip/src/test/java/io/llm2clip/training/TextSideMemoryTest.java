package io.llm2clip.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.llm2clip.dataset.Example;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.TextAdapter;
import io.llm2clip.model.TextModel;
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
import java.nio.file.Path;
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
        UpdatedTextSide.Candidates candidates = side.prepare(
                new Example("1", "data", Optional.empty(), List.of(new Example.Caption("captions", caption))));
        TextSide.Captions drawn = side.batch(List.of(candidates, candidates), new CounterRandom(1), 0);
        assertThat(drawn.growth()).isCloseTo(120.0 / tokens, within(1e-9));
    }
}
