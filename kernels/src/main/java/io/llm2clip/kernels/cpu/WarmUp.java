package io.llm2clip.kernels.cpu;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Settings;
import io.llm2clip.kernels.cpu.matrix.MatrixPrecision;
import io.llm2clip.kernels.cpu.runtime.ColdStart;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Broadcast;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.Expression.Instruction;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.Packing;
import io.llm2clip.kernels.operations.Rotary;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Runs the kernels that encoders consist of on tiny operands until the JVM has compiled them. That takes seconds of a processor, in which
 * weights are read anyway; kernels that meet their first large operands uncompiled take many times as long.
 */
final class WarmUp {
    private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
    private static final AtomicBoolean EXPECTED = new AtomicBoolean();
    private static final AtomicBoolean STARTED = new AtomicBoolean();

    /** Reading and packing so many takes about as long as compiling. */
    private static final long MANY_WEIGHTS = 32L << 20;
    /** What loops of numbers compute in the time in which the kernels for vectors would be compiled. */
    private static final long FEW_PRODUCTS = 1_000_000_000;

    /** No operation of {@link #OPERATIONS} takes half as long once it is compiled. */
    private static final long COMPILED_NANOS = 50_000;
    /**
     * Runs of each operation after which the JVM has the kernels compiled: a matmul calls its innermost one twice per run, and
     * together with the {@link #DEPTH} iterations of that the calls are as many as the JVM asks for.
     */
    private static final int RUNS = 350;

    /** From then on there is nothing to do but to look from time to time. */
    private static final long WAIT_MILLIS = 4;

    private static final long LONGEST_NANOS = 20_000_000_000L;

    private static final int ROWS = 11;
    private static final int WIDTH = 64;
    private static final int DEPTH = 24;

    /** {@code (x + bias) * sigmoid(1.7 (x + bias))}. */
    private static final Epilogue ACTIVATION = new Epilogue(
            new Expression(
                    2,
                    List.of(
                            Instruction.binary(Opcode.ADD, 0, 1),
                            Instruction.constant(1.7f),
                            Instruction.binary(Opcode.MULTIPLY, 2, 3),
                            Instruction.unary(Opcode.SIGMOID, 4),
                            Instruction.binary(Opcode.MULTIPLY, 2, 5))),
            List.of(Broadcast.ROW));

    private static final Epilogue BIAS =
            new Epilogue(new Expression(2, List.of(Instruction.binary(Opcode.ADD, 0, 1))), List.of(Broadcast.ROW));

    private static final List<KernelOp> OPERATIONS = List.of(
            matmul(DType.BF16, ACTIVATION),
            matmul(DType.F32, BIAS),
            new AttentionOp.Attention(new AttentionShape(1, ROWS, ROWS, 1, 1, WIDTH, 0.1f, false)),
            new NormOp.LayerNorm(2, WIDTH, 1e-5f),
            new NormOp.RmsNorm(2, WIDTH, 1e-5f),
            new Rotary(1, 2, 1, WIDTH, false, false),
            new Elementwise(BIAS.expression(), List.of(ROWS, WIDTH), List.of(List.of(WIDTH, 1), List.of(WIDTH, 1))));

    private WarmUp() {}

    private static Matmul matmul(DType format, Epilogue epilogue) {
        return Matmul.dense(1, ROWS, WIDTH, DEPTH, false, true, format).withEpilogue(epilogue);
    }

    /** See {@link CpuKernels#expect}. */
    static void expect(long weights) {
        if (!Settings.warmsUp()) {
            return;
        }
        if (weights < MANY_WEIGHTS) {
            if (EXPECTED.compareAndSet(false, true)) {
                ColdStart.begin(FEW_PRODUCTS);
            }
        } else if (STARTED.compareAndSet(false, true)) {
            EXPECTED.set(true);
            Thread.ofPlatform().daemon().name("llm2clip-warm-up").start(WarmUp::run);
        }
    }

    /** Until the kernels are compiled. */
    static void run() {
        ColdStart.beginCompiling();
        try (Workers workers = new Workers(1);
                Arena arena = Arena.ofShared()) {
            List<Launch> cold = new ArrayList<>();
            for (KernelOp op : OPERATIONS) {
                cold.add(bind(op, arena, workers));
            }
            compile(cold);
        } catch (InterruptedException | RuntimeException | Error e) {
            // Whoever needs the kernel that fails hears of it.
            LOG.log(System.Logger.Level.DEBUG, "Kernels were not compiled ahead of their use", e);
        } finally {
            ColdStart.end();
        }
    }

    private static void compile(List<Launch> launches) throws InterruptedException {
        long begin = System.nanoTime();
        for (Launch launch : launches) {
            for (int run = 0; run < RUNS && nanos(launch) > COMPILED_NANOS; run++) {}
        }
        List<Launch> waiting = new ArrayList<>(launches);
        while (!waiting.isEmpty() && System.nanoTime() - begin < LONGEST_NANOS) {
            Thread.sleep(WAIT_MILLIS);
            waiting.removeIf(launch -> nanos(launch) <= COMPILED_NANOS);
        }
    }

    private static long nanos(Launch launch) {
        long begin = System.nanoTime();
        launch.run();
        return System.nanoTime() - begin;
    }

    /** An operation as encoders have it, with its weights packed; packing them is one, too. */
    private static Launch bind(KernelOp op, Arena arena, Workers workers) {
        List<MemorySegment> operands = new ArrayList<>();
        for (Operand operand : op.operands()) {
            MemorySegment memory = arena.allocate(operand.bytes(), 64);
            operands.add(memory);
        }
        Packing packing = op instanceof Matmul matmul ? CpuKernels.packing(matmul, MatrixPrecision.F32) : null;
        if (op instanceof Matmul matmul && packing != null) {
            MemorySegment packed = arena.allocate(packing.bytes(), 64);
            MemorySegment stored = operands.set(1, packed);
            Launch product = bind(matmul.withB(matmul.b().packed(packing)), operands, workers);
            return () -> {
                CpuKernels.pack(packing, matmul.b(), stored, packed, workers);
                product.run();
            };
        }
        return bind(op, operands, workers);
    }

    private static Launch bind(KernelOp op, List<MemorySegment> operands, Workers workers) {
        return CpuKernels.bind(
                op, operands.stream().mapToLong(MemorySegment::address).toArray(), workers);
    }
}
