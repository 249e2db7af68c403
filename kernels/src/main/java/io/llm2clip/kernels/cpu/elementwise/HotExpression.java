package io.llm2clip.kernels.cpu.elementwise;

import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.runtime.Scratch;
import io.llm2clip.kernels.cpu.simd.Vectors;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Counts how much an expression is used, and has a loop generated for it when that pays.
 *
 * <p>New code is slow until the JVM has compiled it, hundreds of times slower where it has vectors. So a loop is run on scratch
 * memory by a thread of its own, and taken into use only when it is faster there than the interpreter.
 */
final class HotExpression {
    /** Instructions, each for one element, after which a loop is generated: interpreting these takes about as long as that. */
    private static final long HOT = 500_000_000;
    /** Shapes that are remembered, so that expressions made without end do not fill the memory. */
    private static final int MOST_SHAPES = 10_000;

    private static final int MOST_FUNCTIONS = 3;

    private static final boolean ENABLED = Settings.generates();
    private static final Map<ExpressionShape, HotExpression> SHAPES = new ConcurrentHashMap<>();
    private static final ExecutorService COMPILER = Executors.newSingleThreadExecutor(task -> {
        Thread thread = new Thread(task, "expression-compiler");
        thread.setDaemon(true);
        thread.setPriority(Thread.MIN_PRIORITY);
        return thread;
    });

    private final ExpressionShape shape;
    /** Elements that may yet be evaluated before a loop is generated. */
    private final AtomicLong left;

    private volatile boolean counts;
    private volatile @Nullable ExpressionLoop loop;

    private HotExpression(ExpressionShape shape, boolean counts) {
        this.shape = shape;
        this.counts = counts;
        left = new AtomicLong(HOT / Math.max(1, shape.work()));
    }

    /** The one of a shape. */
    static HotExpression of(ExpressionShape shape) {
        // One instruction is one loop anyway, and of too many functions the compiler inlines only some.
        if (!ENABLED || shape.work() < 2 || shape.functions() > MOST_FUNCTIONS) {
            return new HotExpression(shape, false);
        }
        HotExpression known = SHAPES.get(shape);
        if (known == null && SHAPES.size() >= MOST_SHAPES) {
            return new HotExpression(shape, false);
        }
        return known != null ? known : SHAPES.computeIfAbsent(shape, key -> new HotExpression(key, true));
    }

    /** The generated loop; null if there is none, or none yet. */
    @Nullable
    ExpressionLoop loop() {
        return loop;
    }

    /** Counts elements that were interpreted. */
    void evaluated(int elements) {
        if (counts && left.addAndGet(-elements) <= 0) {
            synchronized (this) {
                if (counts) {
                    counts = false;
                    COMPILER.execute(this::generate);
                }
            }
        }
    }

    private void generate() {
        ExpressionLoop generated = ExpressionLoopCompiler.compile(shape);
        if (new WarmUp(shape).untilFaster(generated, new ExpressionInterpreter(shape))) {
            loop = generated;
        }
    }

    /** Runs of loops on scratch memory. */
    private static final class WarmUp {
        /** The JVM's last compiler takes a method after 600 calls, if its loops have come to 15 000 rounds then. */
        private static final int VECTORS = 32;

        private static final int RUNS = 100;
        private static final long PATIENCE = 3_000_000_000L;

        private final Scratch scratch;
        private final long[] inputs;
        private final float[] literals;
        private final long out;

        WarmUp(ExpressionShape shape) {
            long bytes = (long) VECTORS * Vectors.BYTES;
            scratch = new Scratch((shape.inputs() + 1) * bytes);
            inputs = new long[shape.inputs()];
            for (int i = 0; i < inputs.length; i++) {
                inputs[i] = scratch.address() + i * bytes;
            }
            out = scratch.address() + inputs.length * bytes;
            literals = new float[shape.values() - inputs.length];
            Arrays.fill(literals, 0.5f);
        }

        /** Whether a loop became faster than another in time; some loops never do, where the compiler gives up. */
        boolean untilFaster(ExpressionLoop loop, ExpressionLoop than) {
            long start = System.nanoTime();
            while (System.nanoTime() - start < PATIENCE) {
                if (best(loop) < best(than)) {
                    return true;
                }
            }
            return false;
        }

        private long best(ExpressionLoop loop) {
            long best = Long.MAX_VALUE;
            for (int i = 0; i < RUNS; i++) {
                long start = System.nanoTime();
                loop.run(VECTORS, inputs, literals, out);
                best = Math.min(best, System.nanoTime() - start);
            }
            scratch.keepAlive();
            return best;
        }
    }
}
