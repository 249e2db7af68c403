package io.llm2clip.bench;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.model.BatchedFunction;
import io.llm2clip.model.CaptionEncoder;
import io.llm2clip.model.Llama;
import io.llm2clip.model.LlamaConfig;
import io.llm2clip.model.LlamaInitialization;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.Sequences;
import io.llm2clip.progress.Progress;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.BpeTrainer;
import io.llm2clip.text.CaptionFormat;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.ChatTemplate;
import io.llm2clip.text.Pooling;
import io.llm2clip.text.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import java.util.stream.IntStream;

/**
 * Captions of 8 to 120 tokens encoded without padding, as {@link CaptionEncoder} does, against batches of 32 rows padded to their
 * longest: in the order of the captions, and sorted by length. First every vector is checked: it has the bits that its caption has
 * alone, and is close to that of the padded row. Exit code 1 if one is wrong, or if less than 1.3 times as many captions are encoded
 * per second as padded in their order.
 *
 * <pre>{@code
 * mvn -q package -DskipTests -pl bench -am
 * java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp <class path of bench> \
 *     io.llm2clip.bench.RaggedBench [layers [rounds]]
 * }</pre>
 *
 * The model is a Llama of SmolLM2-135M's width with random weights, of 4 layers unless said otherwise.
 */
public final class RaggedBench {
    private static final int CAPTIONS = 256;
    private static final int SHORTEST = 8;
    private static final int LONGEST = 120;
    private static final int BATCH = 32;
    private static final int VOCABULARY = 300;
    private static final double WANTED = 1.3;

    private RaggedBench() {}

    public static void main(String[] arguments) throws IOException {
        int layers = arguments.length > 0 ? Integer.parseInt(arguments[0]) : 4;
        int rounds = arguments.length > 1 ? Integer.parseInt(arguments[1]) : 7;
        LlamaConfig config =
                new LlamaConfig(VOCABULARY, 576, 1536, layers, 9, 3, 64, 1e-5f, 100_000, null, 8192, false);
        CaptionFormat format = CaptionFormat.of(ChatTemplate.plain("<eot>"));
        try (Tokenizer tokenizer = tokenizer();
                Parameters parameters = new Parameters(1)) {
            Llama llama = Llama.encoder(parameters, config, LlamaInitialization.FAST);
            try (CaptionEncoder encoder = new CaptionEncoder(llama, tokenizer, format, Pooling.MEAN, Execution.cpu());
                    BatchedFunction padded = new BatchedFunction(in -> pooled(llama, in), Execution.cpu())) {
                List<String> captions = captions();
                boolean correct = check(encoder, padded, captions);
                boolean fast = measure(encoder, padded, captions, rounds);
                System.exit(correct && fast ? 0 : 1);
            }
        }
    }

    private static Tokenizer tokenizer() throws IOException {
        Path file = Files.createTempFile("ragged", ".json");
        try {
            new BpeTrainer(VOCABULARY, List.of("<pad>", "<bos>", "<eot>"), "<bos>")
                    .train(List.of("a red kite over a beach"))
                    .write(file);
            return Tokenizer.open(file);
        } finally {
            Files.delete(file);
        }
    }

    /** Of letters that are a token each, besides a begin and an end token. */
    private static List<String> captions() {
        Random random = new Random(1);
        return IntStream.range(0, CAPTIONS)
                .map(_ -> random.nextInt(SHORTEST, LONGEST + 1) - 2)
                .mapToObj(letters -> random.ints(letters, 0, 3)
                        .mapToObj(letter -> "qxz".substring(letter, letter + 1))
                        .reduce("", String::concat))
                .toList();
    }

    /** Vectors of ids {@code [B, T]}, lengths {@code [B]} and weights {@code [B, T]}. */
    private static Tensor pooled(Llama llama, List<Tensor> in) {
        int batch = in.get(0).shape().dim(0);
        Tensor hidden = llama.hidden(in.get(0), new Sequences.Padded(in.get(1)), false);
        return in.get(2)
                .reshape(batch, 1, -1)
                .matmul(hidden)
                .reshape(batch, hidden.shape().dim(-1));
    }

    private static List<TensorData> pad(List<CaptionRow> rows, int[] items) {
        int longest = Arrays.stream(items)
                .map(item -> rows.get(item).ids().length)
                .max()
                .orElseThrow();
        // So that batches share programs.
        int length = Math.ceilDiv(longest, 16) * 16;
        Shape shape = Shape.of(items.length, length);
        int[] ids = new int[shape.size()];
        int[] lengths = new int[items.length];
        float[] weights = new float[shape.size()];
        for (int i = 0; i < items.length; i++) {
            CaptionRow row = rows.get(items[i]);
            lengths[i] = row.ids().length;
            System.arraycopy(row.ids(), 0, ids, i * length, lengths[i]);
            Arrays.fill(weights, i * length + row.pooledStart(), i * length + row.pooledEnd(), 1f / row.pooledLength());
        }
        return List.of(
                TensorData.ofInts(shape, ids),
                TensorData.ofInts(Shape.of(items.length), lengths),
                TensorData.of(shape, weights));
    }

    private static List<int[]> batches(List<CaptionRow> rows, boolean sorted) {
        IntStream order = IntStream.range(0, rows.size());
        int[] items = sorted
                ? order.boxed()
                        .sorted(Comparator.comparingInt(item -> rows.get(item).ids().length))
                        .mapToInt(Integer::intValue)
                        .toArray()
                : order.toArray();
        List<int[]> batches = new ArrayList<>();
        for (int start = 0; start < items.length; start += BATCH) {
            batches.add(Arrays.copyOfRange(items, start, Math.min(items.length, start + BATCH)));
        }
        return batches;
    }

    private static FloatMatrix padded(
            CaptionEncoder encoder, BatchedFunction function, List<String> captions, boolean sorted) {
        List<CaptionRow> rows = encoder.rows(captions);
        FloatMatrix vectors =
                FloatMatrix.allocate(rows.size(), encoder.llama().config().hiddenSize());
        function.run(batches(rows, sorted), items -> pad(rows, items), vectors, Progress.Phase.NONE);
        return vectors;
    }

    private static boolean check(CaptionEncoder encoder, BatchedFunction padded, List<String> captions) {
        List<CaptionRow> rows = encoder.rows(captions);
        int shortest = rows.stream().mapToInt(row -> row.ids().length).min().orElseThrow();
        int longest = rows.stream().mapToInt(row -> row.ids().length).max().orElseThrow();
        FloatMatrix ragged = encoder.encode(captions, Progress.Phase.NONE);
        FloatMatrix inOrder = padded(encoder, padded, captions, false);
        int different = 0;
        int far = 0;
        for (int i = 0; i < captions.size(); i++) {
            float[] vector = ragged.toArray(i);
            FloatMatrix alone = encoder.encode(List.of(captions.get(i)), Progress.Phase.NONE);
            if (!Arrays.equals(vector, alone.toArray(0))) {
                different++;
            }
            float[] other = inOrder.toArray(i);
            for (int d = 0; d < vector.length; d++) {
                // Not within, rather than beyond, so that NaN is a failure.
                if (!(Math.abs(vector[d] - other[d]) <= 1e-4f * (1 + Math.abs(other[d])))) {
                    far++;
                    break;
                }
            }
        }
        System.out.printf(
                "%d captions of %d to %d tokens: %d vectors without the bits of the caption alone, %d far from those padded%n",
                captions.size(), shortest, longest, different, far);
        return different == 0 && far == 0;
    }

    private static boolean measure(
            CaptionEncoder encoder, BatchedFunction function, List<String> captions, int rounds) {
        List<CaptionRow> rows = encoder.rows(captions);
        long tokens = rows.stream().mapToLong(row -> row.ids().length).sum();
        List<Runnable> variants = List.of(
                () -> encoder.encode(captions, Progress.Phase.NONE),
                () -> padded(encoder, function, captions, false),
                () -> padded(encoder, function, captions, true));
        double[][] seconds = new double[variants.size()][rounds];
        for (int round = -1; round < rounds; round++) {
            for (int v = 0; v < variants.size(); v++) {
                long start = System.nanoTime();
                variants.get(v).run();
                if (round >= 0) {
                    seconds[v][round] = (System.nanoTime() - start) / 1e9;
                }
            }
        }
        double ragged = report("ragged", tokens, median(seconds[0]));
        double inOrder = report("padded, in order", paddedTokens(rows, false), median(seconds[1]));
        double sorted = report("padded, sorted", paddedTokens(rows, true), median(seconds[2]));
        System.out.printf(
                Locale.ROOT,
                "ragged is %.2f of padded in order (wanted: %.1f), %.2f of padded and sorted%n",
                inOrder / ragged,
                WANTED,
                sorted / ragged);
        return inOrder / ragged >= WANTED;
    }

    private static long paddedTokens(List<CaptionRow> rows, boolean sorted) {
        return batches(rows, sorted).stream()
                .map(items -> pad(rows, items).getFirst())
                .mapToLong(ids -> ids.shape().size())
                .sum();
    }

    private static double report(String variant, long tokens, double seconds) {
        System.out.printf(
                Locale.ROOT,
                "%-17s %6d tokens %7.3f s %8.1f captions/s%n",
                variant,
                tokens,
                seconds,
                CAPTIONS / seconds);
        return seconds;
    }

    private static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        return sorted[sorted.length / 2];
    }
}
