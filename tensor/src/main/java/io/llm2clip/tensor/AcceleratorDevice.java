package io.llm2clip.tensor;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.Launch;
import io.llm2clip.kernels.Operand;
import io.llm2clip.kernels.tornado.TornadoDevice;
import io.llm2clip.kernels.tornado.TornadoVm;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/**
 * A device that TornadoVM reaches. Programs take ranges of its arenas; variables are copied there when a program first reads them
 * and stay, so that training steps move batches and losses only.
 *
 * <p>Not for several threads at a time.
 */
public final class AcceleratorDevice extends Device {
    /** Room for i32 elements: token ids and lengths of batches, which are few. */
    private static final long INTS = 16L << 20;

    /** Room for bf16 elements. */
    private static final long HALVES = 16L << 20;

    private final TornadoDevice device;
    private final AcceleratorMemory memory;

    private AcceleratorDevice(TornadoDevice device, long floats) {
        this.device = device;
        memory = new AcceleratorMemory(device, floats, INTS, HALVES);
    }

    /**
     * Opens a device.
     *
     * @param number as TornadoVM numbers them
     * @param memoryBytes how much of its memory to use for f32 elements
     * @throws io.llm2clip.kernels.tornado.DeviceException if there is no such device or not as much memory
     */
    public static AcceleratorDevice open(int number, long memoryBytes) {
        long floats = memoryBytes / DType.F32.bytes();
        return new AcceleratorDevice(TornadoDevice.open(number, floats, INTS, HALVES), floats);
    }

    /** Opens a device and uses three quarters of its memory, or what kernels can address if that is less: 8 GiB. */
    public static AcceleratorDevice open(int number) {
        return open(number, TornadoVm.device(number).usableBytes());
    }

    /** Whether a device computes what it should, by a small program that is compared with the interpreter: the problem if not. */
    public static Optional<String> problem(int number) {
        Tensor product = Tensor.variable("a", TensorData.of(Shape.of(2, 3), 1, 2, 3, 4, 5, 6))
                .matmul(Tensor.variable("b", TensorData.of(Shape.of(3, 2), 6, 5, 4, 3, 2, 1)))
                .mul(2);
        float[] expected =
                Interpreter.evaluate(List.of(product), Map.of()).getFirst().toFloats();
        try (AcceleratorDevice device = open(number, 1 << 16);
                Program program = Program.compile(List.of(product), device)) {
            float[] found = program.run().getFirst().toFloats();
            return Arrays.equals(expected, found)
                    ? Optional.empty()
                    : Optional.of("a small product is " + Arrays.toString(found) + ", expected "
                            + Arrays.toString(expected) + "; its driver or TornadoVM's back end for it is broken.");
        } catch (RuntimeException | LinkageError e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }

    @Override
    public String name() {
        return device.name();
    }

    @Override
    Executable load(Plan plan) {
        return new AcceleratorExecutable(plan, device, memory);
    }

    @Override
    public BoundLaunch bind(List<Application> applications) {
        DeviceRanges ranges = new DeviceRanges(memory);
        Launch recorded;
        try {
            for (Application application : applications) {
                int[] offsets = application.operands().stream()
                        .mapToInt(data -> ranges.variable(data).element())
                        .toArray();
                ranges.add(application.op(), offsets);
            }
            recorded = device.record(ranges.launches());
        } catch (RuntimeException e) {
            ranges.close();
            throw e;
        }
        List<TensorData> written = applications.stream()
                .flatMap(AcceleratorDevice::written)
                .distinct()
                .toList();
        return new BoundLaunch() {
            @Override
            public void run() {
                ranges.send();
                recorded.run();
                written.forEach(data -> AcceleratorMemory.copyOf(data).deviceWrote());
            }

            @Override
            public void close() {
                ranges.close();
            }
        };
    }

    private static Stream<TensorData> written(Application application) {
        List<Operand> operands = application.op().operands();
        return IntStream.range(0, operands.size())
                .filter(i -> operands.get(i).access() != Operand.Access.READ)
                .mapToObj(application.operands()::get);
    }

    @Override
    public void close() {
        memory.bringAllHome();
        device.close();
        if (standard() == this) {
            cpu().makeStandard();
        }
    }
}
