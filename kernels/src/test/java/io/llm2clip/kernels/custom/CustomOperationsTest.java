package io.llm2clip.kernels.custom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.CpuOp;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.emulator.Emulator;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.gpu.launch.DeviceKernels;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch.Binding;
import io.llm2clip.kernels.gpu.launch.DeviceOp;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.gpu.launch.Grid;
import io.llm2clip.kernels.operations.CustomOp;
import io.llm2clip.kernels.operations.IndexException;
import io.llm2clip.kernels.operations.Operand;
import io.llm2clip.kernels.operations.OperandBuffers;
import io.llm2clip.kernels.operations.OperationException;
import io.llm2clip.kernels.reference.Reference;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.Supplier;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.Example;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import org.example.operations.ForeignOperations;
import org.example.operations.PickRows;
import org.example.operations.Swish;

/** Operations of one's own run wherever others do, and what is wrong with them is said by their name. */
class CustomOperationsTest {
    private static final Workers ONE = new Workers(1);
    private static final Workers THREE = new Workers(3);
    private static final double TOLERANCE = 1e-5;

    @Provide
    Arbitrary<CustomOp> operations() {
        return ForeignOperations.all();
    }

    @Property(tries = 200)
    void cpuAgreesWithTheReference(@ForAll("operations") CustomOp op, @ForAll long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers one = expected.copy();
                OperandBuffers three = expected.copy()) {
            Reference.run(op, expected.segments());
            CpuKernels.bind(op, one.addresses(), ONE).run();
            CpuKernels.bind(op, three.addresses(), THREE).run();
            one.assertCloseTo(expected, TOLERANCE);
            three.assertSameBits(one);
        }
    }

    @Property(tries = 200)
    void devicesAgreeWithTheReference(@ForAll("operations") CustomOp op, @ForAll long seed) {
        try (OperandBuffers expected = OperandBuffers.random(op, seed);
                OperandBuffers inOrder = expected.copy();
                OperandBuffers shuffled = expected.copy()) {
            Reference.run(op, expected.segments());
            new Emulator(Schedule.IN_ORDER).run(op, inOrder.segments());
            new Emulator(Schedule.shuffled(seed)).run(op, shuffled.segments());
            inOrder.assertCloseTo(expected, TOLERANCE);
            shuffled.assertSameBits(inOrder);
        }
    }

    @Example
    void indicesAreCheckedBeforeAKernelGetsThem() {
        PickRows op = new PickRows(2, 3, 1);
        String message = "PickRows: index[1] is 3, expected 0 to 2.";
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] operands = operands(op, arena);
            operands[1].setAtIndex(ValueLayout.JAVA_INT, 1, 3);
            operands[2].fill((byte) 1);
            assertThatThrownBy(() -> Reference.run(op, operands))
                    .isInstanceOf(IndexException.class)
                    .hasMessage(message);
            assertThatThrownBy(CpuKernels.bind(op, addresses(operands), ONE)::run)
                    .isInstanceOf(IndexException.class)
                    .hasMessage(message);
            assertThat(operands[2].toArray(ValueLayout.JAVA_BYTE)).containsOnly(1);
        }
    }

    @Example
    void offsetsMustAscend() {
        Own op = new Own(List.of(Operand.ascending("offsets", 3, 0, 9), Operand.out(1)));
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] operands = operands(op, arena);
            operands[0].copyFrom(MemorySegment.ofArray(new int[] {2, 5, 4}));
            assertThatThrownBy(() -> Reference.run(op, operands)).hasMessage("Own: offsets[2] is 4, expected 5 to 9.");
        }
    }

    /** Buffers are larger than operands; a kernel sees what is its own. */
    @Example
    void operandsAreExactAndInputsCannotBeWritten() {
        List<Long> sizes = new ArrayList<>();
        List<Boolean> readOnly = new ArrayList<>();
        Own op = new Own(List.of(Operand.in("x", 2), Operand.out("y", 3), Operand.out("z", 0)), operands -> {
            for (MemorySegment operand : operands) {
                sizes.add(operand.byteSize());
                readOnly.add(operand.isReadOnly());
            }
        });
        Reference.run(op, new MemorySegment[] {
            MemorySegment.ofArray(new float[9]),
            MemorySegment.ofArray(new float[9]),
            MemorySegment.ofArray(new float[9])
        });
        try (Arena arena = Arena.ofConfined()) {
            CpuKernels.bind(op, addresses(operands(op, arena)), ONE).run();
        }
        assertThat(sizes).containsExactly(8L, 12L, 0L, 8L, 12L, 0L);
        assertThat(readOnly).containsExactly(true, false, false, true, false, false);
    }

    @Example
    void whatTheyThrowNamesThem() {
        List<Operand> operands = List.of(Operand.in("x", 1), Operand.out(1));
        Own reading = new Own(operands, memory -> memory[0].set(ValueLayout.JAVA_FLOAT, 0, 1));
        Own failing = new Own(operands, memory -> {
            throw new AssertionError("not like this");
        });
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment[] memory = operands(reading, arena);
            assertThatThrownBy(() -> Reference.run(failing, memory))
                    .isInstanceOf(OperationException.class)
                    .hasMessage("Operation Own: its reference failed with java.lang.AssertionError: not like this")
                    .hasCauseInstanceOf(AssertionError.class);
            assertThatThrownBy(CpuKernels.bind(reading, addresses(memory), ONE)::run)
                    .isInstanceOf(OperationException.class)
                    .hasMessageStartingWith("Operation Own: its reference failed with ")
                    .hasMessageContaining("read-only");
            Kernel throwing = new Kernel(operands, () -> {
                throw new IllegalStateException("no memory");
            });
            assertThatThrownBy(() -> CpuKernels.bind(throwing, addresses(memory), ONE))
                    .isInstanceOf(OperationException.class)
                    .hasMessage("Operation Kernel: bind() failed with java.lang.IllegalStateException: no memory");
            Kernel running = new Kernel(
                    operands,
                    () -> () -> ONE.parallel(3, (task, _) -> {
                        throw new IllegalStateException("task " + task);
                    }));
            assertThatThrownBy(CpuKernels.bind(running, addresses(memory), ONE)::run)
                    .isInstanceOf(OperationException.class)
                    .hasMessage("Operation Kernel: its CPU kernel failed with java.lang.IllegalStateException: task 0");
        }
    }

    @Example
    void plansAreChecked() {
        Swish swish = new Swish(4, 1);
        assertThatThrownBy(() -> DeviceKernels.plan(new Own(swish.operands())))
                .hasMessage(
                        "Operation Own has no kernels for devices; have it implement DeviceOp, or run the program on"
                                + " the CPU.");
        assertThatThrownBy(() -> DeviceKernels.plan(new Planned(List.of(Operand.out(4)), swish::plan)))
                .isInstanceOf(OperationException.class)
                .hasMessageContaining("Operation Planned: plan() failed with ")
                .hasMessageContaining(", expected those of the operation");
        assertThatThrownBy(() -> plan(swish, "k_missing", Role.FLOATS, Role.FLOATS, Role.PARAMS))
                .hasMessageContaining("CustomOperationsTest.k_missing with parameters ")
                .hasMessageContaining(" is not declared; declare it, or correct the roles of its DeviceKernel");
        assertThatThrownBy(() -> plan(swish, "swish", Role.FLOATS, Role.FLOATS, Role.PARAMS))
                .hasMessageContaining("expected a name with prefix k_");
        assertThatThrownBy(() -> plan(swish, "k_any", Role.FLOATS, Role.INTS, Role.PARAMS))
                .hasMessageContaining("Kernel k_any: its operand 1 is bound to out of F32 elements in the role INTS,"
                        + " expected FLOATS; correct the binding, or the roles of the kernel.");
        assertThatThrownBy(() -> plan(swish, "k_any", Role.FLOATS, Role.FLOATS, Role.FLOATS, Role.PARAMS))
                .hasMessageContaining(
                        "Kernel k_any: its operand 2 is bound to 2 of a plan of 2 operands, expected one of"
                                + " these, or their number for the scratch memory, of which there is none.");
        List<Operand> quantized = List.of(Operand.in("w", DType.Q8, 32), Operand.out(1));
        assertThatThrownBy(() -> DeviceKernels.plan(new Planned(quantized, swish::plan)))
                .hasMessage("Operation Planned with 'w' of Q8 runs on the CPU only, a device takes dense formats;"
                        + " convert it.");
    }

    @Example
    void bindingsLieWithinTheirOperands() {
        DeviceKernel kernel = DeviceKernel.of(CustomOperationsTest.class, "k_any", Role.FLOATS, Role.PARAMS);
        DeviceLaunch launch =
                new DeviceLaunch(kernel, Grid.elements(1), List.of(), List.of(), List.of(new Binding(0, 5)));
        assertThatThrownBy(() -> new DevicePlan(List.of(Operand.out(4)), List.of(launch), 0))
                .hasMessage("Kernel k_any: its operand 0 is bound to what begins at element 5 of 4, expected one of"
                        + " these.");
    }

    @Example
    void kernelsHaveOneBlockOfParams() {
        assertThatThrownBy(() -> DeviceKernel.of(CustomOperationsTest.class, "k_any", Role.FLOATS))
                .hasMessage(
                        "Kernel k_any has the roles [FLOATS], expected PARAMS once and SCALARS at most once; correct"
                                + " its parameters.");
        Swish swish = new Swish(4, 1);
        assertThatThrownBy(() -> DevicePlan.perElement(
                        swish, CustomOperationsTest.class, "k_any", 4, List.of(), Collections.nCopies(49, 1f)))
                .hasMessage("Kernel k_any is launched with 49 scalars, expected at most 48; pass them as an operand.");
        DeviceKernel kernel = DeviceKernel.of(CustomOperationsTest.class, "k_any", Role.PARAMS);
        assertThatThrownBy(() -> new DeviceLaunch(kernel, Grid.elements(1), List.of(), List.of(1f)))
                .hasMessage("Kernel k_any is launched with 1 scalars, expected at most 0; give it the role SCALARS.");
    }

    private static DevicePlan plan(CustomOp op, String kernel, Role... roles) {
        return DeviceKernels.plan(new Planned(op.operands(), () -> {
            DeviceKernel own = DeviceKernel.of(CustomOperationsTest.class, kernel, roles);
            DeviceLaunch launch = new DeviceLaunch(own, Grid.elements(4), List.of(), List.of());
            return new DevicePlan(op.operands(), List.of(launch), 0);
        }));
    }

    private static MemorySegment[] operands(CustomOp op, Arena arena) {
        return op.operands().stream()
                .map(operand -> arena.allocate(operand.bytes(), 64))
                .toArray(MemorySegment[]::new);
    }

    private static long[] addresses(MemorySegment[] operands) {
        long[] addresses = new long[operands.length];
        for (int i = 0; i < addresses.length; i++) {
            addresses[i] = operands[i].address();
        }
        return addresses;
    }

    /** What a reference does. */
    interface Body {
        void run(MemorySegment[] operands);
    }

    record Own(List<Operand> operands, Body body) implements CustomOp {
        Own(List<Operand> operands) {
            this(operands, _ -> {});
        }

        @Override
        public void reference(MemorySegment... memory) {
            body.run(memory);
        }
    }

    record Kernel(List<Operand> operands, Supplier<Launch> binding) implements CpuOp {
        @Override
        public void reference(MemorySegment... memory) {}

        @Override
        public Launch bind(MemorySegment[] memory, Workers workers) {
            return binding.get();
        }
    }

    record Planned(List<Operand> operands, Supplier<DevicePlan> planning) implements DeviceOp {
        @Override
        public void reference(MemorySegment... memory) {}

        @Override
        public DevicePlan plan() {
            return planning.get();
        }
    }
}
