package io.llm2clip.tensor.machine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicIntegerArray;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** On a machine of any kind, in a JVM without TornadoVM. */
class MachineTest {
    @Test
    void theProcessorIsDescribed() {
        Processor processor = Processor.current();
        assertThat(processor.threads()).isPositive().isEqualTo(Processor.threadCount());
        assertThat(processor.vectorBits()).isIn(64, 128, 256, 512);
        assertThat(processor.matmul()).isNotBlank();
    }

    @Test
    void everyTaskOfALoopRunsOnceAndItsErrorsAreTheCallers() {
        AtomicIntegerArray runs = new AtomicIntegerArray(1000);
        Processor.parallel(1000, runs::incrementAndGet);
        for (int i = 0; i < 1000; i++) {
            assertThat(runs.get(i)).isEqualTo(1);
        }
        assertThatThrownBy(() -> Processor.parallel(9, task -> {
                    throw new IllegalStateException("task " + task);
                }))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageStartingWith("task ");
    }

    @Test
    void aSettingThatMeansNothingIsNamed() {
        String property = "llm2clip.vector.generate";
        String before = System.getProperty(property);
        System.setProperty(property, "perhaps");
        try {
            assertThatThrownBy(Processor::checkSettings)
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining(property)
                    .hasMessageContaining("'perhaps', expected true or false");
        } finally {
            if (before == null) {
                System.clearProperty(property);
            } else {
                System.setProperty(property, before);
            }
        }
        Processor.checkSettings();
    }

    @Test
    void whoAsksForDevicesWithoutTornadoVmIsTold(@TempDir Path folder) {
        assertThat(TornadoRuntime.absence()).isPresent();
        assertThatThrownBy(TornadoRuntime::accelerators)
                .isInstanceOf(TornadoException.class)
                .hasMessage(TornadoRuntime.absence().orElseThrow());
        TornadoRuntime gone = new TornadoRuntime(folder.resolve("gone"), "1");
        assertThatThrownBy(() -> gone.jvmArguments(null))
                .isInstanceOf(TornadoException.class)
                .hasMessageStartingWith("TornadoVM was expected in " + folder.resolve("gone"));
        Accelerator device = new Accelerator(0, "a card", "cuda", 1, 0, "a driver");
        assertThatThrownBy(device::matmul).isInstanceOf(TornadoException.class);
        assertThat(device.defect())
                .hasValueSatisfying(reason -> assertThat(reason).isNotBlank());
    }
}
