package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;

import io.llm2clip.kernels.DType;
import org.junit.jupiter.api.Test;

class DeviceInfoTest {
    private static final long GIB = 1L << 30;

    @Test
    void arenasAreAsLargeAsIntsAndOneAllocationAllow() {
        assertThat(info("cuda", 80 * GIB, 80 * GIB).maxElements(DType.F32)).isEqualTo(Integer.MAX_VALUE - 8);
        assertThat(info("cuda", 80 * GIB, 0).maxElements(DType.BF16)).isEqualTo(Integer.MAX_VALUE - 8);
        assertThat(info("opencl", 8 * GIB, 2 * GIB).maxElements(DType.F32)).isEqualTo((2 * GIB - 4096) / 4);
        assertThat(info("opencl", 8 * GIB, 2 * GIB).maxElements(DType.BF16)).isEqualTo((2 * GIB - 4096) / 2);
    }

    @Test
    void threeQuartersOfTheMemoryAreTheDefaultAndTwoArenasWithoutCuda() {
        assertThat(info("cuda", 80 * GIB, 80 * GIB).usableBytes()).isEqualTo(60 * GIB);
        assertThat(info("opencl", 80 * GIB, 80 * GIB).usableBytes()).isEqualTo(2 * (8 * GIB - 36));
        assertThat(info("opencl", 80 * GIB, 2 * GIB).usableBytes()).isEqualTo(2 * (2 * GIB - 4096));
        assertThat(info("opencl", 4 * GIB, 4 * GIB).usableBytes()).isEqualTo(3 * GIB);
    }

    private static DeviceInfo info(String backend, long memoryBytes, long allocationBytes) {
        return new DeviceInfo(0, "a device", backend, memoryBytes, allocationBytes, "a driver");
    }
}
