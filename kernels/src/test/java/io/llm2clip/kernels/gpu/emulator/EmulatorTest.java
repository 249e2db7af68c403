package io.llm2clip.kernels.gpu.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel;
import io.llm2clip.kernels.gpu.dialect.DeviceKernel.Role;
import io.llm2clip.kernels.gpu.launch.DeviceLaunch;
import io.llm2clip.kernels.gpu.launch.DevicePlan;
import io.llm2clip.kernels.gpu.launch.Grid;
import io.llm2clip.kernels.operations.Operand;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Planted mistakes are caught under every schedule, and named so that they are found. */
class EmulatorTest {
    private static final int ELEMENTS = 8;
    private static final Grid GROUPS_OF_FOUR = new Grid(ELEMENTS, 1, 1, 4, 1, 1);

    static Stream<Arguments> mistakes() {
        return Stream.of(
                Arguments.of(
                        "k_missingBarrier",
                        "work-item (1,0,0) of group (0,0,0) races on local array 0[0]: it reads what work-item (0,0,0) of "
                                + "group (0,0,0) writes without a barrier between them; put context.localBarrier() there."),
                Arguments.of(
                        "k_missingSecondBarrier",
                        "work-item (2,0,0) of group (0,0,0) races on local array 0[1]: it reads what work-item (1,0,0) of "
                                + "group (0,0,0) writes without a barrier between them; put context.localBarrier() there."),
                Arguments.of(
                        "k_tileOffByOne",
                        "work-item (3,0,0) of group (0,0,0) reads local array 0[4], out of bounds of its 4 elements; "
                                + "guard the access or correct the index."),
                Arguments.of(
                        "k_overlappingWrite",
                        "work-item (0,0,0) of group (1,0,0) races on out[4]: it writes what work-item (3,0,0) of group "
                                + "(0,0,0) writes in the same launch; let one work-item own the element, or split the launch."),
                Arguments.of(
                        "k_readsNeighboursOutput",
                        "work-item (0,0,0) of group (0,0,0) races on out[1]: it reads what work-item (1,0,0) of group "
                                + "(0,0,0) writes in the same launch; let one work-item own the element, or split the launch."),
                Arguments.of(
                        "k_outOfBounds",
                        "work-item (3,0,0) of group (1,0,0) reads x[8], out of bounds of its 8 elements; guard the access "
                                + "or correct the index."),
                Arguments.of(
                        "k_wrongBuffer",
                        "work-item (0,0,0) of group (0,0,0) reads out[-15], out of bounds of its 8 elements; guard the access "
                                + "or correct the index."),
                Arguments.of(
                        "k_unwritten", "out[7] of 8 elements was never written; cover every element of an output."),
                Arguments.of(
                        "k_divergentBarrier",
                        "work-item (2,0,0) of group (0,0,0) has ended: divergent barrier; let all work-items of a group "
                                + "reach the same barriers."),
                Arguments.of(
                        "k_differentBarriers",
                        ": divergent barrier; let all work-items of a group reach the same barriers."),
                Arguments.of(
                        "k_writesInput",
                        "work-item (0,0,0) of group (0,0,0) writes x[0], an input; write to an output, or declare the "
                                + "operand as updated."),
                Arguments.of(
                        "k_readsUnwritten",
                        "work-item (0,0,0) of group (0,0,0) reads out[0] before anything wrote it; write it first, or "
                                + "declare the operand as an input."),
                Arguments.of(
                        "k_uninitializedLocal",
                        "work-item (0,0,0) of group (0,0,0) reads local array 0[0] before anything wrote it; local memory "
                                + "is not initialized, so write it first, with context.localBarrier() between."),
                Arguments.of(
                        "k_privateOutOfBounds",
                        "work-item (2,0,0) of group (0,0,0) writes a private array at 2, out of bounds of its 2 elements; "
                                + "guard the access or correct the index."),
                Arguments.of(
                        "k_unlikeAllocation",
                        "work-item (2,0,0) of group (0,0,0) allocates local array 0 as float[8], unlike another "
                                + "work-item; allocate in the same order everywhere."),
                Arguments.of(
                        "k_wrongLayout",
                        "work-item (0,0,0) of group (0,0,0) reads params[3] of 3; make the kernel's layout and its "
                                + "DeviceLaunch agree."),
                Arguments.of(
                        "k_divisionByZero",
                        "work-item (0,0,0) of group (0,0,0) throws java.lang.ArithmeticException: / by zero; devices have "
                                + "no exceptions, so guard the operation."));
    }

    @ParameterizedTest
    @MethodSource("mistakes")
    void mistakeIsCaughtAndNamed(String kernel, String message) {
        assertThatThrownBy(() -> run(kernel, GROUPS_OF_FOUR, Schedule.IN_ORDER))
                .isInstanceOf(KernelFault.class)
                .hasMessageStartingWith(kernel + ": ")
                .hasMessageEndingWith(message);
        for (long seed = 0; seed < 10; seed++) {
            Schedule shuffled = Schedule.shuffled(seed);
            assertThatThrownBy(() -> run(kernel, GROUPS_OF_FOUR, shuffled))
                    .isInstanceOf(KernelFault.class)
                    .hasMessageStartingWith(kernel + ": ");
        }
    }

    @Test
    void correctKernelRuns() {
        assertThat(run("k_correct", GROUPS_OF_FOUR, Schedule.IN_ORDER)).containsExactly(3, 2, 1, 0, 7, 6, 5, 4);
        assertThat(run("k_correct", GROUPS_OF_FOUR, Schedule.shuffled(1))).containsExactly(3, 2, 1, 0, 7, 6, 5, 4);
    }

    @Test
    void privateArraysAreNotCleared() {
        assertThat(run("k_uninitializedPrivate", GROUPS_OF_FOUR, Schedule.IN_ORDER))
                .containsOnly(Float.NaN);
    }

    @Test
    void barriersNeedGroups() {
        Grid free = Grid.elements(ELEMENTS);
        assertThatThrownBy(() -> run("k_divergentBarrier", free, Schedule.IN_ORDER))
                .hasMessageContaining("but its grid leaves work-groups to the device; give the grid a group size");
        assertThatThrownBy(() -> run("k_correct", free, Schedule.IN_ORDER))
                .hasMessageContaining("allocates local memory, but its grid leaves work-groups to the device");
    }

    @Test
    void kernelsGuardAgainstRoundedGrids() {
        Grid free = Grid.elements(ELEMENTS);
        assertThat(run("k_guarded", free, Schedule.IN_ORDER)).containsOnly(1);
        assertThatThrownBy(() -> run("k_unguarded", free, Schedule.IN_ORDER))
                .hasMessage(
                        "k_unguarded: work-item (8,0,0) writes out[8], out of bounds of its 8 elements; guard the access or"
                                + " correct the index.");
    }

    @Test
    void gridsAreWholeGroups() {
        assertThatThrownBy(() -> new Grid(10, 1, 1, 4, 1, 1))
                .hasMessageContaining("expected whole groups; round the grid up and guard in the kernel");
        assertThatThrownBy(() -> new Grid(0, 1, 1, 4, 1, 1)).hasMessageContaining("leave out launches without work");
    }

    /** Operands in one place of an arena are raced for as one, whatever the kernel calls them. */
    @Test
    void racesAreFoundAcrossOperandsThatShareElements() {
        float[] x = {0, 1, 2, 3, 4, 5, 6, 7};
        run("k_reversed", GROUPS_OF_FOUR, Schedule.IN_ORDER, x, new float[ELEMENTS]);
        assertThatThrownBy(() -> run("k_reversed", GROUPS_OF_FOUR, Schedule.IN_ORDER, x, x))
                .isInstanceOf(KernelFault.class)
                .hasMessage(
                        "k_reversed: work-item (2,0,0) of group (0,0,0) races on x[1]: it reads what work-item (1,0,0) of"
                                + " group (0,0,0) writes in the same launch; let one work-item own the element, or split the"
                                + " launch.");
        run("k_doubled", GROUPS_OF_FOUR, Schedule.IN_ORDER, x, x);
        assertThat(x).containsExactly(0, 2, 4, 6, 8, 10, 12, 14);
    }

    private static float[] run(String kernel, Grid grid, Schedule schedule) {
        float[] out = new float[ELEMENTS];
        run(kernel, grid, schedule, new float[] {0, 1, 2, 3, 4, 5, 6, 7}, out);
        return out;
    }

    private static void run(String kernel, Grid grid, Schedule schedule, float[] x, float[] out) {
        DeviceKernel planted =
                new DeviceKernel(PlantedKernels.class, kernel, List.of(Role.FLOATS, Role.FLOATS, Role.PARAMS));
        DevicePlan plan = new DevicePlan(
                List.of(
                        new Operand("x", DType.F32, ELEMENTS, Operand.Access.READ),
                        new Operand("out", DType.F32, ELEMENTS, Operand.Access.WRITE)),
                List.of(new DeviceLaunch(planted, grid, List.of(ELEMENTS), List.of())),
                0);
        new Emulator(schedule).run(plan, MemorySegment.ofArray(x), MemorySegment.ofArray(out));
    }
}
