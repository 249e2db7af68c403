package io.llm2clip.tensor.internal.accelerator;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.tensor.EngineMemory;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Program;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.Shape;
import io.llm2clip.tensor.Tensor;
import io.llm2clip.tensor.TensorData;
import io.llm2clip.tensor.Update;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** One device for several threads, and for what comes after something that failed. */
class SharedDeviceTest {
    private static final Shape SHAPE = Shape.of(4);

    private final List<ArenaSize> arenas =
            List.of(new ArenaSize(DType.F32, 4096), new ArenaSize(DType.I32, 256), new ArenaSize(DType.BF16, 256));
    private final WatchedDevice watched = new WatchedDevice(arenas);
    private final AcceleratorDevice device = new AcceleratorDevice(watched, arenas);
    private final Execution execution = new Execution(device, ProgramOptions.DEFAULT);

    @AfterEach
    void close() {
        device.close();
    }

    /** Compiling, feeding, running, reading and closing, of programs that share a variable. */
    @Test
    void threadsTakeTurns() throws InterruptedException, ExecutionException {
        Tensor weight = Tensor.variable("weight", TensorData.of(SHAPE, 1, 2, 3, 4));
        try (ExecutorService threads = Executors.newFixedThreadPool(4)) {
            List<Future<?>> all = new ArrayList<>();
            for (int thread = 0; thread < 4; thread++) {
                float own = thread;
                all.add(threads.submit(() -> {
                    for (int i = 0; i < 6; i++) {
                        assertThat(compute(weight, own, i))
                                .containsExactly(own + i, own + 2 * i, own + 3 * i, own + 4 * i);
                    }
                }));
            }
            for (Future<?> each : all) {
                each.get();
            }
        }
        assertThat(watched.overlaps).hasValue(0);
    }

    private float[] compute(Tensor weight, float added, float factor) {
        Tensor x = Tensor.input("x", SHAPE, DType.F32);
        try (Program program = Program.compile(List.of(weight.mul(x).add(added)), execution)) {
            program.feed(x, TensorData.of(SHAPE, factor, factor, factor, factor));
            return program.run().getFirst().toFloats();
        }
    }

    /** Each kernel of a program fails once; what it has changed until then is changed, and nothing else is wrong. */
    @Test
    void nothingIsWrongAfterAKernelThatFailed() {
        long before = EngineMemory.liveBytes();
        TensorData counted = TensorData.of(SHAPE, 1, 1, 1, 1);
        Tensor counter = Tensor.variable("counter", counted);
        Tensor x = Tensor.input("x", SHAPE, DType.F32);
        Update count = Update.assign(counter, counter.add(1));
        Tensor product = x.softmax().reshape(1, 4).matmul(x.reshape(4, 1));
        try (Program program = Program.compile(List.of(product, x.sum()), List.of(count), execution)) {
            program.feed(x, TensorData.of(SHAPE, 7, 7, 7, 7));
            float expected = 1;
            for (int kernel = 0; kernel < 4; kernel++) {
                watched.failAfterKernels(kernel);
                assertThatThrownBy(program::run)
                        .isInstanceOf(DeviceException.class)
                        .hasMessage("A kernel failed.");
                float now = counted.toFloats()[0];
                assertThat(now).as("counted or not, before kernel %d", kernel).isIn(expected, expected + 1);
                try (Program other = Program.compile(List.of(counter.mul(1), Tensor.full(2, SHAPE)), execution)) {
                    List<TensorData> results = other.run();
                    assertThat(results.get(0).toFloats()).as("of the device").containsOnly(now);
                    assertThat(results.get(1).toFloats()).containsOnly(2);
                }
                List<TensorData> results = program.run();
                assertThat(results.getFirst().item()).isEqualTo(7);
                assertThat(results.getLast().item()).isEqualTo(28);
                expected = now + 1;
                assertThat(counted.toFloats()).containsOnly(expected);
            }
        }
        assertThat(EngineMemory.liveBytes()).isEqualTo(before);
    }

    /** What was sent in part is sent again, of inputs and of variables. */
    @Test
    void nothingIsWrongAfterATransferThatFailed() {
        TensorData stored = TensorData.of(SHAPE, 1, 2, 3, 4);
        Tensor weight = Tensor.variable("weight", stored);
        Tensor x = Tensor.input("x", SHAPE, DType.F32);
        try (Program program = Program.compile(List.of(weight.mul(x)), execution)) {
            for (int transfer = 0; transfer < 2; transfer++) {
                program.feed(x, TensorData.of(SHAPE, 1, 1, 1, transfer));
                stored.fill(5, 6, 7, 8 + transfer);
                watched.failAfterUploads(transfer);
                assertThatThrownBy(program::run).isInstanceOf(DeviceException.class);
                assertThat(program.run().getFirst().toFloats()).containsExactly(5, 6, 7, (8 + transfer) * transfer);
            }
        }
    }
}
