package io.llm2clip.kernels.gpu.emulator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.operations.Concat;
import io.llm2clip.kernels.operations.KernelOp;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** What the emulated device refuses, beyond what the emulator does. */
class EmulatedDeviceTest {
    private static final KernelOp TWICE = new Concat(DType.F32, 1, List.of(2, 2));
    private static final OperationScratch NONE = (dtype, elements) -> {
        throw new AssertionError("No scratch memory is needed.");
    };

    private final EmulatedDevice device = device();

    private static EmulatedDevice device() {
        return new EmulatedDevice(
                List.of(new ArenaSize(DType.F32, 16), new ArenaSize(DType.I32, 16), new ArenaSize(DType.BF16, 16)),
                Schedule.IN_ORDER);
    }

    @AfterEach
    void close() {
        device.close();
        device.close();
    }

    private List<DeviceStep> steps(int first, int second, int target) {
        return device.steps(
                TWICE,
                MatmulPrecision.F32,
                List.of(floats(first), floats(second), floats(target)),
                new boolean[0],
                NONE);
    }

    private static DeviceAddress floats(int element) {
        return new DeviceAddress(0, element);
    }

    @Test
    void elementsComeAndGo() {
        device.upload(DType.F32, floats(3), MemorySegment.ofArray(new float[] {1, 2}));
        device.record(steps(3, 4, 8)).run();
        float[] found = new float[5];
        device.download(DType.F32, floats(8), MemorySegment.ofArray(found));
        assertThat(found[0]).isEqualTo(1);
        assertThat(found[1]).isEqualTo(2);
        assertThat(found[2]).isEqualTo(2);
        assertThat(found[3]).as("nobody has written it").isNaN();
        assertThat(found[4]).as("nor what is behind").isNaN();
    }

    /** Which a device does, with whatever result. */
    @Test
    void writingWhereSomethingElseIsReadIsRefused() {
        List<DeviceStep> steps = steps(3, 5, 6);
        assertThatThrownBy(() -> device.record(steps))
                .isInstanceOf(KernelFault.class)
                .hasMessageContaining("operands 'out' and 'in1' overlap, of which one is written");
    }

    @Test
    void stepsOfAnotherDeviceAreRefused() {
        try (EmulatedDevice other = device()) {
            List<DeviceStep> steps = steps(0, 2, 4);
            assertThatThrownBy(() -> other.record(steps))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("A step of another device was to be recorded");
        }
    }

    @Test
    void whatLiesBehindAnArenaIsRefused() {
        MemorySegment three = MemorySegment.ofArray(new float[3]);
        assertThatThrownBy(() -> device.upload(DType.F32, floats(14), three))
                .isInstanceOf(IndexOutOfBoundsException.class);
        assertThatThrownBy(() -> device.download(DType.I32, floats(0), three))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("Elements of I32 in arena 0, expected one of I32, found one of F32.");
        assertThat(three.getAtIndex(ValueLayout.JAVA_FLOAT_UNALIGNED, 0)).isZero();
    }

    @Test
    void otherPrecisionsAreRefused() {
        assertThatThrownBy(() -> device.steps(
                        TWICE, MatmulPrecision.BF16, List.of(floats(0), floats(2), floats(4)), new boolean[0], NONE))
                .isInstanceOf(DeviceException.class)
                .hasMessageStartingWith("The emulator multiplies in F32, found BF16");
    }
}
