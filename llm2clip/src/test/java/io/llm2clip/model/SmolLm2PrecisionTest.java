package io.llm2clip.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.text.SpecialTokens;
import io.llm2clip.text.Tokenizer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What narrow weights and precisions cost a real model, whose file has weights of 4 bits with a minimum, with attention as it was trained. */
class SmolLm2PrecisionTest {
    private static final List<String> CAPTIONS = List.of(
            "a red kite above the sea",
            "Two dogs play with a ball in the snow.",
            "The Eiffel Tower at night, seen from a boat on the river.",
            "a bowl of fruit on a wooden table beside a window",
            "An old man with a white beard reads a newspaper on a park bench while pigeons gather around his feet.",
            "city street in the rain",
            "A close-up of a bee that collects pollen from a yellow flower, with a blurred green background.",
            "children building a sandcastle");

    @ParameterizedTest
    @CsvSource({"STORED, BF16, 0.9999", "INT8, INT8, 0.999", "INT4, INT8, 0.98"})
    void embeddingsKeepTheirDirection(WeightFormat format, Precision precision, double mean) {
        String file = System.getProperty(GgufTextTest.SMOLLM2);
        assumeTrue(file != null, "skipped, since " + GgufTextTest.SMOLLM2 + " is not set");
        Execution narrow = new Execution(Device.cpu(), new ProgramOptions(precision));
        String absence = Processor.absence(precision).orElse(null);
        assumeTrue(absence == null, "skipped: " + absence);
        List<float[]> exact = embeddings(Path.of(file), WeightFormat.F32, Execution.cpu());
        List<float[]> found = embeddings(Path.of(file), format, narrow);
        double worst = 1;
        double sum = 0;
        for (int i = 0; i < exact.size(); i++) {
            double cosine = cosine(exact.get(i), found.get(i));
            worst = Math.min(worst, cosine);
            sum += cosine;
        }
        System.out.printf("%s weights, %s: worst %.6f, mean %.6f%n", format, precision, worst, sum / exact.size());
        assertThat(sum / exact.size()).isGreaterThanOrEqualTo(mean);
        assertThat(1 - worst).as("twice what the mean may lose").isLessThanOrEqualTo(2 * (1 - mean));
    }

    private static List<float[]> embeddings(Path file, WeightFormat format, Execution execution) {
        try (TextSource source = TextSource.open(file);
                Parameters parameters = Parameters.frozen(format, Device.cpu());
                Tokenizer tokenizer = source.tokenizer().open(SpecialTokens.AS_TEXT)) {
            Llama llama = Llama.languageModel(parameters, source.config(), LlamaInitialization.STANDARD);
            source.load(llama);
            List<float[]> all = new ArrayList<>();
            for (String caption : CAPTIONS) {
                int[] ids = tokenizer.encode(caption, true);
                Tensor row = Tensor.variable("ids", TensorData.ofInts(Shape.of(1, ids.length), ids));
                Tensor length = Tensor.variable("lengths", TensorData.ofInts(Shape.of(1), new int[] {ids.length}));
                Tensor states = llama.hidden(row, new Sequences.Padded(length), true);
                all.add(sum(states.evaluate(execution).toFloats(), ids.length));
            }
            return all;
        }
    }

    /** Of rows, which has the direction of their mean. */
    private static float[] sum(float[] states, int rows) {
        float[] sum = new float[states.length / rows];
        for (int i = 0; i < states.length; i++) {
            sum[i % sum.length] += states[i];
        }
        return sum;
    }

    private static double cosine(float[] a, float[] b) {
        double products = 0;
        double first = 0;
        double second = 0;
        for (int i = 0; i < a.length; i++) {
            products += (double) a[i] * b[i];
            first += (double) a[i] * a[i];
            second += (double) b[i] * b[i];
        }
        return products / Math.sqrt(first * second);
    }
}
