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
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.Lock;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Runs the kernels that encoders consist of on tiny operands until the JVM has compiled them. That takes seconds of a processor, in which
 * weights are read anyway; kernels that meet their first large operands uncompiled take many times as long.
 */
final class WarmUp {
    private static final System.Logger LOG = System.getLogger(WarmUp.class.getName());
    private static final AtomicBoolean EXPECTED = new AtomicBoolean();
    /** Formats of weights for which it was begun. */
    private static final Set<DType> BEGUN = EnumSet.noneOf(DType.class);
    /** Others' come after those before. */
    private static final Lock TURN = new ReentrantLock();

    /** Reading and packing so many takes about as long as compiling. */
    private static final long MANY_WEIGHTS = 32L << 20;
    /** What loops of numbers compute in the time in which the kernels for vectors would be compiled. */
    private static final long FEW_PRODUCTS = 1_000_000_000;

    /** No operation takes half as long once it is compiled. */
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

    /** Formats of weights whose panels are packed by kernels of their own. */
    private static final List<DType> FORMATS = List.of(DType.F32, DType.BF16, DType.F16);

    /** Beside products by weights. */
    private static final List<KernelOp> OPERATIONS = List.of(
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
    static void expect(long weights, Set<DType> formats) {
        if (!Settings.warmsUp()) {
            return;
        }
        if (weights < MANY_WEIGHTS) {
            if (EXPECTED.compareAndSet(false, true)) {
                ColdStart.begin(FEW_PRODUCTS);
            }
        } else if (begins(formats)) {
            EXPECTED.set(true);
            Thread.ofPlatform().daemon().name("llm2clip-warm-up").start(() -> run(formats));
        }
    }

    /** Whether there is something to compile that was not begun; what has no format of weights is so with the first. */
    static boolean begins(Set<DType> formats) {
        synchronized (BEGUN) {
            boolean first = BEGUN.add(DType.F32);
            return BEGUN.addAll(FORMATS.stream().filter(formats::contains).toList()) || first;
        }
    }

    /** What encoders with weights of such formats consist of. */
    static List<KernelOp> operations(Set<DType> formats) {
        return Stream.concat(
                        FORMATS.stream().filter(formats::contains).map(format -> matmul(format, ACTIVATION)),
                        OPERATIONS.stream())
                .toList();
    }

    /** Until the kernels are compiled, those for weights of such formats only: others' take the processors from what is computed meanwhile. */
    static void run(Set<DType> formats) {
        TURN.lock();
        ColdStart.beginCompiling();
        try (Workers workers = new Workers(1);
                Arena arena = Arena.ofShared()) {
            List<Launch> cold = new ArrayList<>();
            for (KernelOp op : operations(formats)) {
                cold.add(bind(op, arena, workers));
            }
            compile(cold);
        } catch (InterruptedException | RuntimeException | Error e) {
            // Whoever needs the kernel that fails hears of it.
            LOG.log(System.Logger.Level.DEBUG, "Kernels were not compiled ahead of their use", e);
        } finally {
            ColdStart.end();
            TURN.unlock();
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
