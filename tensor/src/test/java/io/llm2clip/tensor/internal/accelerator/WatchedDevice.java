package io.llm2clip.tensor.internal.accelerator;

import io.llm2clip.kernels.DType;
import io.llm2clip.kernels.LaunchSequence;
import io.llm2clip.kernels.gpu.device.ArenaSize;
import io.llm2clip.kernels.gpu.device.DeviceAddress;
import io.llm2clip.kernels.gpu.device.DeviceException;
import io.llm2clip.kernels.gpu.device.DeviceStep;
import io.llm2clip.kernels.gpu.device.KernelDevice;
import io.llm2clip.kernels.gpu.device.MatmulPrecision;
import io.llm2clip.kernels.gpu.device.OperationScratch;
import io.llm2clip.kernels.gpu.emulator.EmulatedDevice;
import io.llm2clip.kernels.gpu.emulator.Schedule;
import io.llm2clip.kernels.operations.KernelOp;
import java.lang.foreign.MemorySegment;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;

/** An emulated device that notices two threads at a time, and fails when it is told to. */
final class WatchedDevice implements KernelDevice {
    private final EmulatedDevice emulated;
    private final AtomicInteger users = new AtomicInteger();

    /** Calls during which another thread made one. */
    final AtomicInteger overlaps = new AtomicInteger();

    /** How many kernels run before one fails; then the next ones run again. */
    private int kernels = Integer.MAX_VALUE;
    /** How many transfers to the device are made before one fails. */
    private int uploads = Integer.MAX_VALUE;

    WatchedDevice(List<ArenaSize> arenas) {
        emulated = new EmulatedDevice(arenas, Schedule.IN_ORDER);
    }

    void failAfterKernels(int count) {
        kernels = count;
    }

    void failAfterUploads(int count) {
        uploads = count;
    }

    private void use(Runnable call) {
        if (users.getAndIncrement() > 0) {
            overlaps.incrementAndGet();
        }
        try {
            Thread.sleep(1);
            call.run();
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        } finally {
            users.decrementAndGet();
        }
    }

    private void runKernel(LaunchSequence kernel) {
        if (kernels == 0) {
            kernels = Integer.MAX_VALUE;
            throw new DeviceException("A kernel failed.");
        }
        kernels--;
        kernel.run();
    }

    @Override
    public LaunchSequence record(List<DeviceStep> steps) {
        List<LaunchSequence> parts =
                steps.stream().map(step -> emulated.record(List.of(step))).toList();
        return LaunchSequence.of(() -> use(() -> parts.forEach(this::runKernel)));
    }

    @Override
    public void run(KernelOp op, List<DeviceAddress> operands) {
        use(() -> emulated.run(op, operands));
    }

    @Override
    public void upload(DType dtype, DeviceAddress target, MemorySegment source) {
        use(() -> {
            if (uploads == 0) {
                uploads = Integer.MAX_VALUE;
                // Half of it is there.
                emulated.upload(dtype, target, source.asSlice(0, source.byteSize() / 2));
                throw new DeviceException("A transfer failed.");
            }
            uploads--;
            emulated.upload(dtype, target, source);
        });
    }

    @Override
    public void download(DType dtype, DeviceAddress source, MemorySegment target) {
        use(() -> emulated.download(dtype, source, target));
    }

    @Override
    public List<DeviceStep> steps(
            KernelOp op,
            MatmulPrecision precision,
            List<DeviceAddress> operands,
            boolean[] rounded,
            OperationScratch scratch) {
        return emulated.steps(op, precision, operands, rounded, scratch);
    }

    @Override
    public String name() {
        return "a watched device";
    }

    @Override
    public Set<MatmulPrecision> precisions() {
        return emulated.precisions();
    }

    @Override
    public Set<DType> matrixFormats() {
        return emulated.matrixFormats();
    }

    @Override
    public boolean rounds(KernelOp op, MatmulPrecision precision) {
        return emulated.rounds(op, precision);
    }

    @Override
    public void close() {
        use(emulated::close);
    }
}
