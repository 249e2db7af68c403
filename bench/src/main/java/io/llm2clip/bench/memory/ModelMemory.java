package io.llm2clip.bench.memory;

import io.llm2clip.data.FloatMatrix;
import io.llm2clip.kernels.DType;
import io.llm2clip.model.TextModel;
import io.llm2clip.model.VisionTower;
import io.llm2clip.nn.Parameters;
import io.llm2clip.nn.RoundingError;
import io.llm2clip.nn.WeightFormat;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.text.CaptionRow;
import io.llm2clip.text.TokenBatch;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Opens models of true shapes and random bf16 weights, each in a process of its own, and says how long that took and how much was
 * resident at most; exit code 1 if a limit is exceeded.
 *
 * <pre>{@code
 * mvn -q package -DskipTests -pl bench -am
 * java --add-modules jdk.incubator.vector --enable-native-access=ALL-UNNAMED -cp <class path of bench> \
 *     io.llm2clip.bench.memory.ModelMemory /tmp/model-memory
 * }</pre>
 *
 * <p>The first argument is a folder for the checkpoints (3.1 GB), which are written if they are not there yet; {@code --tiny} takes tiny
 * shapes instead, for a rehearsal, and has no limits. Java's heap is bounded, because the JVM fills what it may with garbage before it
 * collects any, by default a quarter of the machine: what is measured is what models need.
 */
public final class ModelMemory {
    private static final double GB = 1e9;
    private static final String HEAP = "-Xmx512m";
    /**
     * Touches every page of the heap before main runs, so that garbage in pages reserved long ago is not taken for growth, and gives back what
     * the JIT compiler has freed.
     */
    private static final List<String> STEADY =
            List.of("-Xms512m", "-XX:+AlwaysPreTouch", "-XX:TrimNativeHeapInterval=100");

    private static final int CAPTIONS = 300;
    /** Of a caption's vectors by int8 and by stored weights. */
    private static final double LEAST_COSINE = 0.999;

    private static final int SHORTEST = 8;
    private static final int LONGEST = 497;

    /** What a process takes at most: bytes that are resident, seconds to open. */
    private record Limit(double gigabytes, double seconds) {}

    private ModelMemory() {}

    public static void main(String[] arguments) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of(arguments));
        boolean tiny = words.remove("--tiny");
        if (words.isEmpty()) {
            System.err.println("error: expected a folder for the checkpoints (3.1 GB), found none; add one.");
            System.exit(2);
        }
        Path directory = Path.of(words.getFirst());
        if (words.size() > 1) {
            measure(words.get(1), directory, tiny);
            return;
        }
        long start = System.nanoTime();
        (tiny ? Shown.tiny() : Shown.published()).make(directory);
        System.out.printf(Locale.ROOT, "checkpoints %.1f s%n", seconds(start));
        boolean passed = true;
        for (String part : List.of(Shown.TEXT, Shown.INT8, Shown.VISION)) {
            passed &= child(part, directory, tiny) == 0;
        }
        System.exit(passed ? 0 : 1);
    }

    private static int child(String part, Path directory, boolean tiny) throws IOException, InterruptedException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add(HEAP);
        if (part.equals(Shown.TEXT)) {
            command.addAll(STEADY);
        }
        command.addAll(List.of(
                "--add-modules=jdk.incubator.vector",
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                System.getProperty("java.class.path"),
                ModelMemory.class.getName(),
                directory.toString(),
                part));
        if (tiny) {
            command.add("--tiny");
        }
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    private static void measure(String part, Path directory, boolean tiny) {
        boolean passed = switch (part) {
            case Shown.TEXT -> text(directory.resolve(part), tiny);
            case Shown.INT8 -> int8(directory.resolve(Shown.TEXT), tiny);
            case Shown.VISION -> vision(directory.resolve(part), tiny);
            default ->
                throw new IllegalArgumentException("No part '" + part + "'; expected " + Shown.TEXT + ", " + Shown.INT8
                        + " or " + Shown.VISION + ".");
        };
        System.exit(passed ? 0 : 1);
    }

    private static boolean text(Path directory, boolean tiny) {
        long start = System.nanoTime();
        try (TextModel model = TextModel.open(directory)) {
            double open = seconds(start);
            model.vectors(Shown.captions(1, 20, 20));
            boolean passed = report("text: open and one caption", start, open, limit(tiny, 3.3, 3));
            long first = ProcessMemory.peak();
            long runtime = nonHeap();
            long engine = EngineMemory.peakBytes();
            start = System.nanoTime();
            Shown.captions(tiny ? 20 : CAPTIONS, SHORTEST, LONGEST).forEach(caption -> model.vectors(List.of(caption)));
            double grown = (ProcessMemory.peak() - first) / GB;
            long workspace = workspace(model);
            double others = Math.max(0, nonHeap() - runtime) / GB;
            System.out.printf(
                    Locale.ROOT,
                    "text: %d captions of 8 to 500 tokens: %.1f s, peak grown by %.3f GB (compiled code and classes %.3f GB, engine %.3f GB), largest workspace %.3f GB%n",
                    tiny ? 20 : CAPTIONS,
                    seconds(start),
                    grown,
                    others,
                    (EngineMemory.peakBytes() - engine) / GB,
                    workspace / GB);
            return passed && (tiny || grown - others <= workspace / GB);
        }
    }

    /** Compiled code and classes, which grow while the JVM warms up, whatever is computed. */
    private static long nonHeap() {
        return ManagementFactory.getMemoryMXBean().getNonHeapMemoryUsage().getCommitted();
    }

    private static boolean int8(Path directory, boolean tiny) {
        long start = System.nanoTime();
        try (TextModel model = TextModel.open(directory, Optional.empty(), WeightFormat.INT8, Execution.cpu())) {
            double open = seconds(start);
            model.vectors(Shown.captions(1, 20, 20));
            boolean passed =
                    report("int8: open and one caption", start, open, limit(tiny, 1.9, Double.POSITIVE_INFINITY));
            List<String> captions = Shown.captions(4, SHORTEST, 60);
            FloatMatrix vectors = model.vectors(captions);
            FloatMatrix stored = storedVectors(directory, captions);
            double least = 1;
            for (int i = 0; i < captions.size(); i++) {
                least = Math.min(
                        least,
                        RoundingError.of(vectors.toArray(i), stored.toArray(i)).cosine());
            }
            System.out.printf(
                    Locale.ROOT,
                    "int8: cosine to the vector by the stored weights at least %.6f; of two captions %.6f%n",
                    least,
                    RoundingError.of(stored.toArray(0), stored.toArray(1)).cosine());
            return passed && (tiny || least >= LEAST_COSINE);
        }
    }

    private static FloatMatrix storedVectors(Path directory, List<String> captions) {
        try (TextModel model = TextModel.open(directory)) {
            return model.vectors(captions);
        }
    }

    /** Bytes of the values of one caption of the most tokens. */
    private static long workspace(TextModel model) {
        int tokens = LONGEST + 3;
        TokenBatch longest = TokenBatch.of(List.of(new CaptionRow(new int[tokens], 0, tokens, false)));
        List<Tensor> inputs = new ArrayList<>();
        for (TensorData data : model.encoder().inputs(longest)) {
            inputs.add(Tensor.input("input" + inputs.size(), data.shape(), data.dtype()));
        }
        try (Program program = Program.compile(List.of(model.encoder().pooled(inputs, false)), Execution.cpu())) {
            return program.memory().workspace();
        }
    }

    private static boolean vision(Path directory, boolean tiny) {
        long start = System.nanoTime();
        try (Parameters parameters = Parameters.frozen()) {
            VisionTower tower = VisionTower.open(parameters, directory);
            double open = seconds(start);
            int side = tower.config().imageSize();
            Tensor pixels = Tensor.input("pixels", Shape.of(1, 3, side, side), DType.F32);
            try (Program program = Program.compile(List.of(tower.embed(pixels)), Execution.cpu())) {
                program.feed(pixels, TensorData.allocate(pixels.shape(), DType.F32));
                program.run();
            }
            return report("vision: open and one image", start, open, limit(tiny, 1.1, Double.POSITIVE_INFINITY));
        }
    }

    private static Limit limit(boolean tiny, double gigabytes, double seconds) {
        return tiny ? new Limit(Double.POSITIVE_INFINITY, Double.POSITIVE_INFINITY) : new Limit(gigabytes, seconds);
    }

    private static boolean report(String what, long start, double open, Limit limit) {
        double peak = ProcessMemory.peak() / GB;
        System.out.printf(
                Locale.ROOT,
                "%s: open %.2f s, all %.2f s, peak resident %.2f GB (now %.2f GB, engine %.2f GB), limit %.1f GB%n",
                what,
                open,
                seconds(start),
                peak,
                ProcessMemory.resident() / GB,
                EngineMemory.peakBytes() / GB,
                limit.gigabytes);
        return peak <= limit.gigabytes && open <= limit.seconds;
    }

    private static double seconds(long start) {
        return (System.nanoTime() - start) / 1e9;
    }
}
