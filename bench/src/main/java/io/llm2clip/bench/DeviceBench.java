package io.llm2clip.bench;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.gpu.tornado.DeviceInfo;
import io.llm2clip.kernels.gpu.tornado.TornadoDevice;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.kernels.operations.AdamWUpdate;
import io.llm2clip.kernels.operations.AttentionOp;
import io.llm2clip.kernels.operations.AttentionShape;
import io.llm2clip.kernels.operations.Elementwise;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.NormOp;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.SoftmaxOp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Locale;
import java.util.Random;

/**
 * Microseconds a launch on a device of TornadoVM, alone and recorded, each kernel checked against the one for the CPU before it is
 * timed. Arguments: the device's number, f32, tf32 or bf16, then parts of the names of the cases to run; none runs all but the large
 * ones, which are for GPUs. The JVM needs the arguments that {@code llm2clip jvm-args} prints.
 */
public final class DeviceBench {
    /** Begins the names of cases that take minutes where there is no GPU. */
    private static final String LARGE = "large ";

    private static final int RECORDED = 64;
    private static final int ROUNDS = 5;
    private static final long ROUND_NANOS = 100_000_000;
    private static final double TOLERANCE = 1e-3;
    /** Where factors have fewer bits. */
    private static final double ROUNDED_TOLERANCE = 3e-2;
    /** Types of the device's arenas. */
    private static final List<DType> ARENAS = List.of(DType.F32, DType.I32, DType.BF16);
    /** Elements of each type that steps may use. */
    private static final int SCRATCH = 1 << 26;

    private DeviceBench() {}

    private record Case(String name, KernelOp op) {}

    private static List<Case> cases() {
        List<Integer> matrix = List.of(577, 4096);
        List<Integer> dense = List.of(4096, 1);
        AttentionShape heads = new AttentionShape(4, 257, 257, 3, 3, 64, 0.125f, false);
        return List.of(
                new Case("copy of 1", new Elementwise(Expression.IDENTITY, List.of(1), List.of(List.of(1)))),
                new Case("copy", new Elementwise(Expression.IDENTITY, matrix, List.of(dense))),
                new Case("gelu", new Elementwise(Expressions.gelu(), matrix, List.of(dense))),
                new Case("gelu gradient", new Elementwise(Expressions.geluGradient(), matrix, List.of(dense, dense))),
                new Case("transpose", new Elementwise(Expression.IDENTITY, matrix, List.of(List.of(1, 577)))),
                new Case("softmax", new SoftmaxOp.Softmax(4096, 577)),
                new Case("layer norm", new NormOp.LayerNorm(2048, 1024, 1e-5f)),
                new Case("AdamW", new AdamWUpdate(2_000_000, new AdamWUpdate.Hyper(1, 0.9f, 0.999f, 1e-8f, 0.1f))),
                new Case("matrix product 256", Matmul.dense(1, 256, 256, 256, false, true)),
                new Case("matrix product 1088 x 192 x 192", Matmul.dense(1, 1088, 192, 192, false, true)),
                new Case("matrix product 1024", Matmul.dense(1, 1024, 1024, 1024, false, true)),
                new Case(LARGE + "product 4096", Matmul.dense(1, 4096, 4096, 4096, false, true)),
                new Case(LARGE + "product 18464 x 4096 x 1024", Matmul.dense(1, 18464, 4096, 1024, false, true)),
                new Case(
                        LARGE + "attention 32 x 577",
                        new AttentionOp.Attention(new AttentionShape(32, 577, 577, 16, 16, 64, 0.125f, false))),
                new Case("attention", new AttentionOp.Attention(heads)),
                new Case("attention gradient", new AttentionOp.AttentionGradient(heads)));
    }

    public static void main(String[] arguments) {
        int number = arguments.length == 0 ? 0 : Integer.parseInt(arguments[0]);
        MatmulPrecision precision = arguments.length < 2
                ? MatmulPrecision.F32
                : MatmulPrecision.valueOf(arguments[1].toUpperCase(Locale.ROOT));
        List<String> names = Arrays.asList(arguments).subList(Math.min(2, arguments.length), arguments.length);
        DeviceInfo info = TornadoVm.device(number);
        System.out.printf(
                "%s (%s, %s), matmuls by %s in %s, us per launch, median of %d rounds%n",
                info.name(), info.backend(), info.platform(), TornadoVm.products(number), precision, ROUNDS);
        System.out.printf("%-34s %10s %10s %10s %10s%n", "", "first", "alone", "recorded", "GFLOP/s");
        for (Case each : cases()) {
            if (names.isEmpty() ? !each.name.startsWith(LARGE) : names.stream().anyMatch(each.name::contains)) {
                measure(number, precision, each);
            }
        }
    }

    private static void measure(int number, MatmulPrecision precision, Case each) {
        DevicePlan plan = DeviceKernels.plan(each.op);
        List<DeviceAddress> addresses = new ArrayList<>();
        long[] ends = new long[ARENAS.size()];
        for (Operand operand : plan.operands()) {
            int arena = ARENAS.indexOf(operand.dtype().arena());
            addresses.add(new DeviceAddress(arena, (int) ends[arena]));
            ends[arena] += operand.elements();
        }
        try (Arena arena = Arena.ofShared();
                TornadoDevice device = TornadoDevice.open(
                        number,
                        ARENAS.stream()
                                .map(dtype -> new ArenaSize(dtype, ends[ARENAS.indexOf(dtype)] + SCRATCH))
                                .toList())) {
            MemorySegment[] operands = operands(each.op, arena);
            for (int i = 0; i < operands.length; i++) {
                device.upload(plan.operands().get(i).dtype(), addresses.get(i), operands[i]);
            }
            List<DeviceStep> steps = device.steps(each.op, precision, addresses, new boolean[0], (dtype, elements) -> {
                int slot = ARENAS.indexOf(dtype.arena());
                return new DeviceAddress(slot, (int) ends[slot]);
            });
            LaunchSequence once = device.record(steps);
            Runnable alone = once::run;
            long start = System.nanoTime();
            alone.run();
            double first = (System.nanoTime() - start) / 1e3;
            check(
                    each,
                    device,
                    addresses.getLast(),
                    operands,
                    arena,
                    precision == MatmulPrecision.F32 ? TOLERANCE : ROUNDED_TOLERANCE);
            double time = median(alone);
            // What takes long is recorded less often, as its own time is no longer hidden by the host's.
            int count = (int) Math.clamp(ROUND_NANOS / 1e3 / time, 1, RECORDED);
            List<DeviceStep> many = new ArrayList<>();
            Collections.nCopies(count, steps).forEach(many::addAll);
            double recorded;
            try (LaunchSequence sequence = device.record(many)) {
                recorded = median(sequence::run) / count;
            }
            System.out.printf(
                    "%-34s %10.0f %10.1f %10.1f %10.1f%n",
                    each.name, first, time, recorded, each.op.flops() / recorded / 1e3);
        }
    }

    /** Compares the output, which is the last operand, with the CPU's, in terms of its largest element. */
    private static void check(
            Case each,
            TornadoDevice device,
            DeviceAddress out,
            MemorySegment[] operands,
            Arena arena,
            double tolerance) {
        int last = operands.length - 1;
        MemorySegment found = arena.allocate(operands[last].byteSize(), 64);
        device.download(DType.F32, out, found);
        try (Workers workers = new Workers(Runtime.getRuntime().availableProcessors())) {
            long[] addresses =
                    Arrays.stream(operands).mapToLong(MemorySegment::address).toArray();
            CpuKernels.bind(each.op, addresses, workers).run();
        }
        double size = 0;
        for (long i = 0; i < found.byteSize() / Float.BYTES; i++) {
            size = Math.max(size, Math.abs(operands[last].getAtIndex(ValueLayout.JAVA_FLOAT, i)));
        }
        for (long i = 0; i < found.byteSize() / Float.BYTES; i++) {
            float f = found.getAtIndex(ValueLayout.JAVA_FLOAT, i);
            float e = operands[last].getAtIndex(ValueLayout.JAVA_FLOAT, i);
            if (!(Math.abs(f - e) <= tolerance * (size + Math.abs(e)))) {
                throw new IllegalStateException(each.name + ": element " + i + " is " + f + ", expected " + e + ".");
            }
        }
    }

    /** Microseconds per run. */
    private static double median(Runnable run) {
        double[] times = new double[ROUNDS];
        Timing.nanos(run, ROUND_NANOS);
        for (int round = 0; round < ROUNDS; round++) {
            times[round] = Timing.nanos(run, ROUND_NANOS) / 1e3;
        }
        Arrays.sort(times);
        return times[ROUNDS / 2];
    }

    private static MemorySegment[] operands(KernelOp op, Arena arena) {
        Random random = new Random(1);
        return op.operands().stream()
                .map(operand -> {
                    MemorySegment segment = arena.allocate(operand.bytes(), 64);
                    for (long e = 0; e < operand.elements(); e++) {
                        if (operand.bounds() != null) {
                            segment.setAtIndex(
                                    ValueLayout.JAVA_INT, e, operand.bounds().most());
                        } else {
                            // In (0.5, 1] for the optimiser's settings and second moments, which must not be negative.
                            float value = op instanceof AdamWUpdate
                                    ? 1 - random.nextFloat() / 2
                                    : (float) random.nextGaussian();
                            segment.setAtIndex(ValueLayout.JAVA_FLOAT, e, value);
                        }
                    }
                    return segment;
                })
                .toArray(MemorySegment[]::new);
    }
}
