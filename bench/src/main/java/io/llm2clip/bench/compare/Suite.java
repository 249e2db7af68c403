package io.llm2clip.bench.compare;

import io.llm2clip.bench.compare.Row.Manner;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** The rows: true shapes with random weights, or tiny ones for a rehearsal. */
final class Suite {
    private static final List<Entrant> ALL = List.of(
            Entrant.torch("f32"),
            Entrant.compiled("f32"),
            Entrant.onnx(Peer.ONNXRUNTIME, "f32"),
            Entrant.onnx(Peer.OPENVINO, "f32"));
    private static final List<Entrant> TORCH = ALL.subList(0, 2);
    private static final List<Entrant> BF16 =
            List.of(Entrant.torch("bf16"), Entrant.compiled("bf16"), Entrant.onnx(Peer.OPENVINO, "bf16"));
    private static final Entrant OURS = ours("f32");

    /** Rows in f32 that there are in bf16x6, too, which is as precise. */
    private static final Set<String> IN_SIX_PRODUCTS = Set.of(
            "gemm-up",
            "gemm-down",
            "gemm-llama",
            "gemm-dx",
            "gemm-dw",
            "vit-l-1",
            "vit-l-8",
            "llama-8x128",
            "ragged",
            "step-1",
            "step-2");

    /** Rows of which a step takes many minutes. */
    private static final Set<String> LONG = Set.of("step-2-large");

    private final boolean small;
    private final String vitL;
    private final String vitB;
    private final String llama1b;
    private final String smolLm;
    private final String vitLName;
    private final String vitBName;
    private final String llama1bName;
    private final String smolLmName;

    private Suite(boolean small) {
        this.small = small;
        vitLName = small ? "tiny ViT" : "ViT-L/14-336";
        vitBName = small ? "tiny ViT" : "ViT-B/16";
        llama1bName = small ? "tiny Llama" : "Llama-3.2-1B";
        smolLmName = small ? "tiny Llama" : "SmolLM2-135M";
        vitL = small ? "32,16,64,2,32" : "336,14,1024,24,768";
        vitB = small ? "32,16,64,2,32" : "224,16,768,12,512";
        // Vocabulary, width, width within the MLP, layers, heads, key/value heads, rotary base, whether scaled as Llama
        // 3.
        llama1b = small ? "128,64,96,2,4,2,500000,1" : "128256,2048,8192,16,32,8,500000,1";
        smolLm = small ? "320,64,96,2,4,2,100000,0" : "49152,576,1536,30,9,3,100000,0";
    }

    /** Those that run unless others are named. */
    static List<Row> usual(boolean small) {
        return of(small).stream()
                .filter(row -> small || !LONG.contains(row.name()))
                .toList();
    }

    static List<Row> of(boolean small) {
        Suite suite = new Suite(small);
        return Stream.of(
                        suite.kernels(),
                        suite.towers(),
                        suite.steps(),
                        suite.weights(),
                        suite.blocks(),
                        suite.bf16(),
                        suite.sixProducts(),
                        suite.starts())
                .flatMap(List::stream)
                .toList();
    }

    /** Curves over the batch, the length of captions, the size of a data set that is ranked, and threads. */
    static List<Row> curves(boolean small, int threads) {
        Suite suite = new Suite(small);
        List<Row> rows = new ArrayList<>();
        for (int batch : small ? List.of(1, 2) : List.of(1, 2, 4, 8, 16)) {
            rows.add(suite.images(CurvePlot.PREFIX + "batch-" + batch, batch, OURS, TORCH, 1));
        }
        for (int tokens : small ? List.of(4, 8) : List.of(8, 16, 32, 64, 128, 256, 512)) {
            rows.add(suite.captions(
                    CurvePlot.PREFIX + "tokens-" + tokens, suite.smolLmName, suite.smolLm, 1, tokens, TORCH, 1));
        }
        for (int pairs : small ? List.of(20, 40) : List.of(512, 1024, 2048, 4096, 8192, 16384)) {
            rows.add(ranking(CurvePlot.PREFIX + "pairs-" + pairs, pairs));
        }
        for (int count = 1; count <= threads; count = count < threads ? Math.min(2 * count, threads) : count + 1) {
            rows.add(suite.images(CurvePlot.PREFIX + "threads-" + count, 1, OURS, TORCH, 1)
                    .withThreads(count));
        }
        return rows;
    }

    private static Entrant ours(String precision) {
        return Entrant.ours(precision.equals("f32") ? "" : precision, Map.of(Entrant.PRECISION, precision));
    }

    private static Row row(
            String name, String title, Request work, Entrant subject, List<Entrant> rivals, double goal) {
        return new Row(name, title, work, subject, rivals, goal, Manner.SHARED, 0);
    }

    private List<Row> kernels() {
        int tokens = small ? 33 : 577;
        int width = small ? 64 : 1024;
        int inner = 4 * width;
        return List.of(
                product("gemm-up", "y = x W^T", "NT", tokens, inner, width, 0.97),
                product("gemm-down", "y = x W^T", "NT", tokens, width, inner, 0.97),
                product("gemm-llama", "y = x W^T", "NT", small ? 40 : 1024, small ? 96 : 8192, small ? 64 : 2048, 0.97),
                product("gemm-dx", "dX = dY W", "NN", tokens, width, inner, 0.95),
                product("gemm-dw", "dW = dY^T X", "TN", inner, width, tokens, 0.92),
                attention("attention", "attention", tokens, "0", ALL, 1),
                attention("attention-gradient", "attention, forward and backward", tokens, "1", TORCH, 0.95));
    }

    private static Row product(String name, String title, String form, int m, int n, int k, double goal) {
        String shape = "%s, M %d N %d K %d".formatted(title, m, n, k);
        return row(name, shape, Request.of("product", "form", form, "m", m, "n", n, "k", k), OURS, ALL, goal);
    }

    private Row attention(String name, String title, int tokens, String gradient, List<Entrant> rivals, double goal) {
        int heads = small ? 2 : 16;
        String shape = "%s, %d tokens, %d heads of 64".formatted(title, tokens, heads);
        Request work =
                Request.of("attention", "batch", 1, "tokens", tokens, "heads", heads, "size", 64, "gradient", gradient);
        return row(name, shape, work, OURS, rivals, goal);
    }

    private List<Row> towers() {
        Request ragged = Request.of(
                "ragged",
                "model",
                smolLm,
                "captions",
                small ? 40 : 256,
                "shortest",
                small ? 3 : 8,
                "longest",
                small ? 9 : 120);
        return List.of(
                images("vit-l-1", 1, OURS, ALL, 1.05),
                images("vit-l-8", small ? 2 : 8, OURS, ALL, 1.05),
                captions("llama-1x32", llama1bName, llama1b, 1, small ? 8 : 32, ALL, 1.3),
                captions("llama-8x128", llama1bName, llama1b, small ? 2 : 8, small ? 8 : 128, ALL, 1.05),
                row("ragged", smolLmName + ", captions of mixed lengths", ragged, OURS, ALL, 1.4),
                ranking("ranking", small ? 60 : 4096));
    }

    private Row images(String name, int batch, Entrant subject, List<Entrant> rivals, double goal) {
        Request work = Request.of("images", "model", vitL, "batch", batch);
        return row(name, vitLName + ", batch " + batch + precision(subject), work, subject, rivals, goal);
    }

    private Row captions(
            String name, String title, String model, int batch, int tokens, List<Entrant> rivals, double goal) {
        Request work = Request.of("captions", "model", model, "batch", batch, "tokens", tokens);
        return row(name, "%s, %d x %d tokens".formatted(title, batch, tokens), work, OURS, rivals, goal);
    }

    private static Row ranking(String name, int pairs) {
        String title = "exact ranking, %d images and captions, both ways".formatted(pairs);
        return row(name, title, Request.of("ranking", "pairs", pairs, "width", 768), OURS, TORCH, 1);
    }

    private List<Row> steps() {
        int batch = small ? 8 : 32;
        String fewBlocks = small ? vitB : "224,16,768,2,512";
        String fewLayers = small ? smolLm : "49152,576,1536,4,9,3,100000,0";
        return List.of(
                imageStep("step-2", vitBName + ", batch " + batch, vitB, batch, OURS, TORCH, 1),
                imageStep(
                        "step-2-few", "2 blocks of " + vitBName + ", batch " + batch, fewBlocks, batch, OURS, TORCH, 1),
                captionStep("step-1", llama1bName, llama1b, 8, small ? 8 : 64, "f32"),
                captionStep("step-1-bf16", llama1bName, llama1b, 8, small ? 8 : 64, "bf16"),
                captionStep("step-1-smol", smolLmName, smolLm, small ? 8 : 32, small ? 8 : 48, "f32"),
                captionStep(
                        "step-1-few", "4 layers of " + smolLmName, fewLayers, small ? 8 : 32, small ? 8 : 48, "f32"),
                imageStep(
                        "step-2-bf16",
                        vitBName + ", batch " + batch + ", bf16",
                        vitB,
                        batch,
                        ours("bf16"),
                        BF16.subList(0, 2),
                        1.1),
                largeStep());
    }

    /** By gradient caching. */
    private Row largeStep() {
        int batch = small ? 8 : 256;
        int chunk = small ? 4 : 8;
        Request work = Request.of("image-step", "model", vitL, "batch", batch, "chunk", chunk, "rate", "1e-4");
        String title = "stage-2 step, %s, batch %d in chunks of %d, bf16".formatted(vitLName, batch, chunk);
        return new Row("step-2-large", title, work, ours("bf16"), BF16.subList(0, 1), 1, Manner.APART, 0);
    }

    private static Row imageStep(
            String name, String title, String model, int batch, Entrant subject, List<Entrant> rivals, double goal) {
        Request work = Request.of("image-step", "model", model, "batch", batch, "rate", "1e-4");
        return step(name, "stage-2 step, " + title, work, subject, rivals, goal);
    }

    /** Frozen weights are those of a file in bf16, which this engine keeps as they are. */
    private static Row captionStep(
            String name, String title, String model, int captions, int tokens, String precision) {
        Request work = Request.of(
                "caption-step",
                "model",
                model,
                "stored",
                "bf16",
                "captions",
                captions,
                "tokens",
                tokens,
                "rate",
                "1e-3");
        Entrant subject = ours(precision);
        String of =
                "stage-1 step, %s, LoRA r16, %d x %d tokens%s".formatted(title, captions, tokens, precision(subject));
        return step(name, of, work, subject, precision.equals("f32") ? TORCH : BF16.subList(0, 2), 1);
    }

    private static Row step(
            String name, String title, Request work, Entrant subject, List<Entrant> rivals, double goal) {
        return new Row(name, title, work, subject, rivals, goal, Manner.APART, 0);
    }

    /** Formats of weights against f32, of the same file. */
    private List<Row> weights() {
        int batch = small ? 2 : 8;
        int tokens = small ? 8 : 32;
        return List.of(
                weights("weights-bf16", "bf16", "f32", batch, small ? 8 : 128, 1),
                weights("weights-int8", "int8", "int8", 1, tokens, 1.5),
                weights("weights-int4", "int4", "int8", 1, tokens, 2),
                weights("weights-int8-f32", "int8", "f32", 1, tokens, 1.5),
                weights("weights-int4-f32", "int4", "f32", 1, tokens, 2));
    }

    private Row weights(String name, String format, String precision, int batch, int tokens, double goal) {
        Request work = Request.of("captions", "model", llama1b, "batch", batch, "tokens", tokens, "stored", "bf16");
        String how = precision.equals("int8") ? " multiplied as integers" : "";
        return new Row(
                name,
                "%s, %d x %d tokens, %s weights%s, against f32".formatted(llama1bName, batch, tokens, format, how),
                work,
                Entrant.ours(format, Map.of(Entrant.PRECISION, precision, Entrant.WEIGHTS, format)),
                List.of(Entrant.ours("f32", Map.of(Entrant.PRECISION, "f32", Entrant.WEIGHTS, "f32"))),
                goal,
                Manner.APART,
                0);
    }

    /** Weights in blocks of integers, of the same GGUF file. */
    private List<Row> blocks() {
        return List.of(
                blocks("q8-8x128", "Q8_0", "int8", small ? 2 : 8, small ? 8 : 128),
                blocks("q8-1x32", "Q8_0", "int8", 1, small ? 8 : 32),
                blocks("q4-8x128", "Q4_0", "int4", small ? 2 : 8, small ? 8 : 128),
                blocks("q4-1x32", "Q4_0", "int4", 1, small ? 8 : 32));
    }

    private Row blocks(String name, String format, String weights, int batch, int tokens) {
        // Both multiply integers, and round activations to them.
        Map<String, String> settings = Map.of(Entrant.PRECISION, "int8", Entrant.WEIGHTS, weights);
        return row(
                name,
                "%s, %d x %d tokens, %s".formatted(smolLmName, batch, tokens, format),
                Request.of("captions", "model", smolLm, "batch", batch, "tokens", tokens, "quantized", format),
                Entrant.ours("", settings),
                List.of(new Entrant(Peer.LLAMA_CPP, "", settings)),
                0.8);
    }

    private List<Row> bf16() {
        Entrant bf16 = ours("bf16");
        int batch = small ? 2 : 8;
        int tokens = small ? 8 : 128;
        Request captions = Request.of("captions", "model", llama1b, "batch", batch, "tokens", tokens);
        return List.of(
                images("vit-l-1-bf16", 1, bf16, BF16, 1.5),
                images("vit-l-8-bf16", batch, bf16, BF16, 1.7),
                row(
                        "llama-8x128-bf16",
                        "%s, %d x %d tokens, bf16".formatted(llama1bName, batch, tokens),
                        captions,
                        bf16,
                        BF16,
                        1.5),
                images("vit-l-1-bf16x3", 1, ours("bf16x3"), TORCH, 1.8));
    }

    private List<Row> sixProducts() {
        Entrant subject = ours("bf16x6");
        return Stream.of(kernels(), towers(), steps())
                .flatMap(List::stream)
                .filter(row -> IN_SIX_PRODUCTS.contains(row.name()))
                .map(row -> row.with(subject))
                .toList();
    }

    private List<Row> starts() {
        Request work = Request.of("images", "model", vitL, "batch", 1, "stored", "f32");
        List<Entrant> rivals = List.of(ALL.get(0), ALL.get(2), ALL.get(3));
        return List.of(new Row(
                "first-image", vitLName + ", first image of a fresh process", work, OURS, rivals, 1, Manner.FRESH, 0));
    }

    private static String precision(Entrant entrant) {
        return entrant.precision().equals("f32") ? "" : ", " + entrant.precision();
    }
}
