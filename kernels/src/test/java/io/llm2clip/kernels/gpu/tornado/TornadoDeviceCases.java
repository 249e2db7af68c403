package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.launch.EdgeCases;
import io.llm2clip.kernels.operations.AllConversions;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.Epilogue;
import io.llm2clip.kernels.operations.Expression;
import io.llm2clip.kernels.operations.KernelOp;
import io.llm2clip.kernels.operations.KernelOpArbitraries;
import io.llm2clip.kernels.operations.Matmul;
import io.llm2clip.kernels.operations.Opcode;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.SoftmaxOp;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.ShrinkingMode;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.example.operations.ForeignOperations;

/**
 * What must hold on a device; {@link TornadoDeviceTest} runs it in a JVM that has TornadoVM. Samples are not shrunk: a shrinking that takes
 * too long goes on in a thread of its own, while a device takes one thread at a time.
 */
class TornadoDeviceCases {
    private static final double TOLERANCE = 1e-4;

    private static final int ELEMENTS = 1 << 22;
    /** Arenas of each type. */
    private static final int SETS = 3;

    private static TornadoDevice device;

    @BeforeContainer
    static void open() {
        device = TornadoDevice.open(0, DeviceOperation.arenas(SETS, ELEMENTS));
    }

    @AfterContainer
    static void close() {
        device.close();
    }

    @Provide
    Arbitrary<KernelOp> operations() {
        return KernelOpArbitraries.forDevices().filter(TornadoDeviceCases::fits);
    }

    /** With what lies between operands, and scratch memory. */
    private static boolean fits(KernelOp op) {
        return op.operands().stream().mapToLong(Operand::elements).sum() < ELEMENTS / 2;
    }

    @Property(tries = 400, shrinking = ShrinkingMode.OFF)
    void agreesWithReference(@ForAll("operations") KernelOp op, @ForAll long seed) {
        check(op, seed);
    }

    @Example
    void agreesWithReferenceInEdgeCases() {
        EdgeCases.operations().forEach(op -> check(op, 1));
    }

    @Property(tries = 60, shrinking = ShrinkingMode.OFF)
    void foreignOperationsAgreeWithTheirReference(@ForAll("foreign") KernelOp op, @ForAll long seed) {
        check(op, seed, 1 + Math.floorMod(seed, SETS));
    }

    @Provide
    Arbitrary<CustomOp> foreign() {
        return ForeignOperations.all();
    }

    /** Operands of one launch in different arenas, or some in one and some in others. */
    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void operandsMayBeInSeveralArenas(
            @ForAll("operations") KernelOp op, @ForAll @IntRange(min = 2, max = SETS) int sets, @ForAll long seed) {
        check(op, seed, sets);
    }

    @Example
    void operandsMayBeInSeveralArenasInEdgeCases() {
        EdgeCases.operations().forEach(op -> check(op, 2, SETS));
    }

    @Example
    void conversionsOfAllHalves() {
        AllConversions.check(DType.BF16, TornadoDeviceCases::run);
        AllConversions.check(DType.F16, TornadoDeviceCases::run);
    }

    /** Of all types, in blocks of both sizes and parts of them, at any place; a copy kernel runs for each, so the device works. */
    @Property(tries = 40, shrinking = ShrinkingMode.OFF)
    void transfersKeepBits(
            @ForAll("types") DType dtype,
            @ForAll @IntRange(max = 10_000) int elements,
            @ForAll @IntRange(max = 1000) int place,
            @ForAll long seed) {
        roundTrip(dtype, elements, place, seed);
    }

    @Provide
    Arbitrary<DType> types() {
        return KernelOpArbitraries.denseTypes();
    }

    @Example
    void transfersOfSeveralBlocks() {
        roundTrip(DType.F32, (1 << 21) + 4099, 3, 1);
        roundTrip(DType.BF16, (1 << 20) + 1, 5, 2);
        roundTrip(DType.I32, ELEMENTS, 0, 3);
    }

    private static void roundTrip(DType dtype, int elements, int place, long seed) {
        byte[] sent = new byte[elements * dtype.bytes()];
        new Random(seed).nextBytes(sent);
        byte[] received = new byte[sent.length];
        for (int set = 0; set < SETS; set++) {
            DeviceAddress address = DeviceOperation.first(dtype, place);
            address = new DeviceAddress(address.arena() + 3 * set, place);
            device.upload(dtype, address, MemorySegment.ofArray(sent));
            device.download(dtype, address, MemorySegment.ofArray(received));
            assertThat(Arrays.mismatch(received, sent)).isEqualTo(-1);
            Arrays.fill(received, (byte) 0);
        }
    }

    @Example
    void transfersBeyondTheArenaAreRefused() {
        MemorySegment segment = MemorySegment.ofArray(new float[2]);
        assertThatThrownBy(() -> device.upload(DType.F32, DeviceOperation.first(DType.F32, ELEMENTS - 1), segment))
                .isInstanceOf(IndexOutOfBoundsException.class)
                .hasMessage(
                        "A transfer of 8 bytes at element 4194303 was asked for, expected whole F32 elements within the"
                                + " arena's 4194304; correct the offset or the size.");
        assertThatThrownBy(() -> device.upload(DType.F32, DeviceOperation.first(DType.I32, 0), segment))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("A transfer of F32 elements names arena 1, expected one of F32, found one of I32.");
    }

    /** More launches than a graph holds, each needing the one before, and run twice. */
    @Example
    void recordedLaunchesDoTheSame() {
        for (int sets = 1; sets <= SETS; sets += 2) {
            recordedLaunchesDoTheSame(Recording.Mode.GRAPHS, sets);
            if (device.info().isCuda()) {
                recordedLaunchesDoTheSame(Recording.Mode.REPLAY, sets);
            }
        }
    }

    private static void recordedLaunchesDoTheSame(Recording.Mode mode, int sets) {
        // Bounded, or the numbers would soon be none.
        Expression tanh = new Expression(1, List.of(Expression.Instruction.unary(Opcode.TANH, 0)));
        KernelOp op = Matmul.dense(1, 5, 5, 5, false, true).withEpilogue(new Epilogue(tanh, List.of()));
        try (OperandBuffers expected = OperandBuffers.random(op, 1);
                OperandBuffers found = expected.copy()) {
            DeviceOperation operation = new DeviceOperation(device, op, sets);
            for (OperandBuffers buffers : List.of(expected, found)) {
                operation.upload(buffers.segments());
                List<BoundLaunch> launches = new ArrayList<>();
                for (int i = 0; i < 131; i++) {
                    // The product and an operand change places.
                    launches.addAll(operation.launches(i % 2 == 0 ? new int[] {0, 1, 2} : new int[] {2, 1, 0}));
                }
                try (LaunchSequence recorded =
                        device.record(launches, buffers == expected ? Recording.Mode.ONE_BY_ONE : mode)) {
                    for (int run = 0; run < 3; run++) {
                        recorded.run();
                    }
                }
                operation.download(buffers.segments());
            }
            found.assertSameBits(expected);
        }
    }

    /** Where there is a library, with it; where there is none, never silently in f32. Random factors have few enough bits for each. */
    @Example
    void precisionIsKeptOrRefused() {
        for (MatmulPrecision precision : List.of(MatmulPrecision.TF32, MatmulPrecision.BF16)) {
            if (TornadoVm.products(0).equals("kernels")) {
                DeviceOperation operation = new DeviceOperation(device, Matmul.dense(1, 2, 2, 2, false, true));
                assertThatThrownBy(() -> operation.steps(precision))
                        .isInstanceOf(DeviceException.class)
                        .hasMessageContaining("multiplies in F32: expected the library cuBLASLt for " + precision
                                + ", found none with the back end ");
            } else {
                multiply(Matmul.dense(2, 40, 24, 33, false, true), precision);
                multiply(Matmul.dense(1, 7, 300, 5, true, false), precision);
            }
        }
    }

    private static void multiply(Matmul op, MatmulPrecision precision) {
        try (TornadoDevice other = TornadoDevice.open(0, DeviceOperation.arenas(1, 1 << 14));
                OperandBuffers expected = OperandBuffers.random(op, 1);
                OperandBuffers found = expected.copy()) {
            Reference.run(op, expected.segments());
            DeviceOperation operation = new DeviceOperation(other, op);
            List<DeviceStep> steps = operation.steps(precision);
            assertThat(steps).hasAtLeastOneElementOfType(BoundProduct.class);
            operation.upload(found.segments());
            try (LaunchSequence sequence = other.record(steps)) {
                sequence.run();
            }
            operation.download(found.segments());
            found.assertCloseTo(expected, TOLERANCE);
        }
    }

    @Example
    void devicesCanBeOpenedOneAfterTheOther() {
        KernelOp op = new SoftmaxOp.Softmax(3, 5);
        for (int i = 0; i < 2; i++) {
            try (TornadoDevice other = TornadoDevice.open(0, DeviceOperation.arenas(1, 1 << 10));
                    OperandBuffers expected = OperandBuffers.random(op, i);
                    OperandBuffers found = expected.copy()) {
                Reference.run(op, expected.segments());
                DeviceOperation operation = new DeviceOperation(other, op);
                operation.upload(found.segments());
                operation.launch();
                operation.download(found.segments());
                found.assertCloseTo(expected, TOLERANCE);
            }
        }
    }

    /** Two arenas of 1 GB, which would not fit ten times into what this JVM may allocate if closing kept them. */
    @Example
    void closingFreesArenas() {
        long elements = Math.min(1L << 28, TornadoVm.devices().getFirst().allocationBytes() / 4) - 64;
        for (int i = 0; i < 10; i++) {
            ArenaSize size = new ArenaSize(DType.F32, elements);
            try (TornadoDevice large = TornadoDevice.open(0, List.of(size, size))) {
                MemorySegment one = MemorySegment.ofArray(new float[] {i});
                DeviceAddress last = new DeviceAddress(1, (int) elements - 1);
                large.upload(DType.F32, last, one);
                float[] found = new float[1];
                large.download(DType.F32, last, MemorySegment.ofArray(found));
                assertThat(found[0]).isEqualTo(i);
            }
        }
    }

    @Example
    void probeFindsNoDefectButThatOfNoDevice() {
        assertThat(TornadoVm.available()).isTrue();
        assertThat(TornadoVm.devices().getFirst().memoryBytes()).isPositive();
        assertThat(TornadoVm.defect(0)).isEmpty();
        assertThat(TornadoVm.defect(99))
                .hasValueSatisfying(reason -> assertThat(reason).startsWith("No device 99: "));
    }

    @Example
    void whatDoesNotFitIsSaid() {
        DeviceInfo info = TornadoVm.devices().getFirst();
        assertThatThrownBy(() -> open(0, 1L << 31, 1))
                .isInstanceOf(DeviceException.class)
                .hasMessage(
                        "An arena of 2147483648 F32 elements was asked for, expected 0 to 2147483639, as kernels index"
                                + " elements by int; use several arenas.");
        // What is too much depends on the device: one arena, or all of the largest ones together.
        long most = Integer.MAX_VALUE - 8;
        if (info.allocationBytes() / Float.BYTES < most) {
            assertThatThrownBy(() -> open(0, info.allocationBytes() / Float.BYTES + 1, 1))
                    .isInstanceOf(DeviceException.class)
                    .hasMessageContaining("cannot hold an arena of ")
                    .hasMessageContaining("use smaller batches or another device");
        }
        long elements = info.maxElements(DType.F32);
        int arenas = (int) (info.memoryBytes() / (elements * Float.BYTES)) + 1;
        assertThatThrownBy(() -> open(0, elements, arenas))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("cannot hold arenas of ")
                .hasMessageContaining(" bytes of memory; use smaller batches or another device");
        assertThatThrownBy(() -> open(99, 1, 1))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("No device 99: TornadoVM has ");
    }

    private static void open(int number, long elements, int arenas) {
        TornadoDevice.open(number, Collections.nCopies(arenas, new ArenaSize(DType.F32, elements)))
                .close();
    }

    private static void check(KernelOp op, long seed) {
        check(op, seed, 1);
    }

    /** By kernels and, where the device has another way, by that. */
    private static void check(KernelOp op, long seed, int sets) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers found = expected.copy();
                OperandBuffers otherwise = expected.copy()) {
            Reference.run(op, expected.segments());
            run(op, found.segments(), sets);
            found.assertCloseTo(expected, TOLERANCE);
            DeviceOperation operation = new DeviceOperation(device, op, sets);
            List<DeviceStep> steps = operation.steps();
            if (steps.stream().anyMatch(step -> step instanceof BoundProduct)) {
                operation.upload(otherwise.segments());
                try (LaunchSequence sequence = device.record(steps)) {
                    sequence.run();
                    sequence.run();
                }
                operation.download(otherwise.segments());
                otherwise.assertCloseTo(expected, TOLERANCE);
            }
        }
    }

    private static void run(KernelOp op, MemorySegment[] operands) {
        run(op, operands, 1);
    }

    private static void run(KernelOp op, MemorySegment[] operands, int sets) {
        DeviceOperation operation = new DeviceOperation(device, op, sets);
        operation.upload(operands);
        operation.launch();
        operation.download(operands);
    }
}
