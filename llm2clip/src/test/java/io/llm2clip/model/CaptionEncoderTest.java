package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.nn.Parameters;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.TokenBatch;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Captions of any lengths share batches, and none notices. */
class CaptionEncoderTest {
    private static final CaptionFormat FORMAT = CaptionFormat.of(ChatTemplate.plain("<eot>"));

    @TempDir
    private Path temporary;

    private Parameters parameters;
    private Llama llama;
    private Tokenizer tokenizer;

    @BeforeEach
    void open() throws IOException {
        Path file = temporary.resolve("tokenizer.json");
        TinyModel.writeTokenizer(file);
        tokenizer = Tokenizer.open(file);
        parameters = new Parameters(7);
        LlamaConfig config = new LlamaConfig(TinyModel.VOCABULARY, 40, 56, 2, 4, 2, 10, 1e-5f, 10000, null, 512, false);
        llama = Llama.encoder(parameters, config, LlamaInitialization.FAST);
    }

    @AfterEach
    void close() {
        tokenizer.close();
        parameters.close();
    }

    private CaptionEncoder encoder(Pooling pooling) {
        return new CaptionEncoder(llama, tokenizer, FORMAT, pooling, Execution.cpu());
    }

    /** Of one letter and of more tokens than a row may have, most of them short. */
    private static List<String> captions(int count, long seed) {
        Random random = new Random(seed);
        List<String> captions = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            int letters = switch (random.nextInt(20)) {
                case 0 -> 1;
                case 1 -> 300 + random.nextInt(400);
                default -> 2 + random.nextInt(80);
            };
            captions.add(random.ints(letters, 'a', 'z' + 1)
                    .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                    .toString());
        }
        return captions;
    }

    private static final class Compilations implements Progress.Phase {
        private int count;
        private long done;

        @Override
        public void preparing(String activity) {
            count++;
        }

        @Override
        public void advance(long captions) {
            done += captions;
        }
    }

    @ParameterizedTest
    @EnumSource(names = {"MEAN", "LAST_TOKEN"})
    void vectorsHaveTheBitsOfEachCaptionAlone(Pooling pooling) {
        try (CaptionEncoder encoder = encoder(pooling)) {
            for (boolean causal : new boolean[] {false, true}) {
                List<String> captions = captions(200, causal ? 1 : 2);
                int tokens = encoder.rows(captions).stream()
                        .mapToInt(TokenBatch::room)
                        .sum();
                assertThat(tokens).as("several batches").isGreaterThan(9000);
                Compilations phase = new Compilations();
                FloatMatrix together = FloatMatrix.allocate(captions.size(), 40);
                encoder.encode(captions, causal, together, phase);
                assertThat(phase.done).isEqualTo(200);
                assertThat(phase.count).as("compiled programs").isBetween(1, 3);
                for (int i = 0; i < captions.size(); i++) {
                    FloatMatrix alone = encoder.encode(List.of(captions.get(i)), causal, Progress.Phase.NONE);
                    assertThat(together.toArray(i)).as("caption %d", i).isEqualTo(alone.toArray(0));
                }
                assertThat(encoder.encode(captions.reversed(), causal, Progress.Phase.NONE)
                                .toArray(0))
                        .isEqualTo(together.toArray(captions.size() - 1));
            }
        }
    }

    @Test
    void captionsOfAllLengthsNeedFewPrograms() {
        try (CaptionEncoder encoder = encoder(Pooling.MEAN)) {
            Compilations phase = new Compilations();
            FloatMatrix vector = FloatMatrix.allocate(1, 40);
            for (int letters = 1; letters <= 130; letters++) {
                encoder.encode(List.of("q".repeat(letters)), false, vector, phase);
            }
            assertThat(phase.count).isLessThanOrEqualTo(17);
            assertThat(phase.done).isEqualTo(130);
        }
    }

    /** However many there are, and whatever their lengths. */
    @Test
    void memoryIsThatOfOneBatch() {
        try (CaptionEncoder encoder = encoder(Pooling.MEAN)) {
            encoder.encode(captions(150, 3), Progress.Phase.NONE);
            long before = EngineMemory.liveBytes();
            EngineMemory.resetPeak();
            encoder.encode(captions(600, 4), Progress.Phase.NONE);
            // Inputs and outputs of the programs for what was left of the captions at the end, but not their values.
            assertThat(EngineMemory.peakBytes() - before).isLessThan(1 << 20);
        }
    }
}
