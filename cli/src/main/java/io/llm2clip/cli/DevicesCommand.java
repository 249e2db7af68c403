package io.llm2clip.cli;

import io.llm2clip.kernels.cpu.CpuKernels;
import io.llm2clip.kernels.cpu.MatrixUnitChoice;
import io.llm2clip.kernels.cpu.runtime.Workers;
import io.llm2clip.kernels.cpu.simd.Vectors;
import io.llm2clip.kernels.gpu.tornado.DeviceException;
import io.llm2clip.kernels.gpu.tornado.DeviceInfo;
import io.llm2clip.kernels.gpu.tornado.TornadoInstallation;
import io.llm2clip.kernels.gpu.tornado.TornadoVm;
import io.llm2clip.progress.Quantity;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code llm2clip devices}. */
@Command(
        name = "devices",
        mixinStandardHelpOptions = true,
        description = "Show the processors and graphics cards that this program can compute with.",
        footerHeading = "%nExample:%n",
        footer = "  llm2clip devices --json")
final class DevicesCommand implements Callable<Integer> {
    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    /** {@code matmul} and {@code matmulReason}: the name of what multiplies matrices, and why it is that. */
    private record Cpu(int threads, int vectorBits, String matmul, String matmulReason) {}

    /** {@code problem} is null for a device whose self-test passed. */
    private record Accelerator(
            DeviceInfo device, String matmul, @Nullable String problem) {}

    /** {@code version} and {@code absence}: what there is, or why there is nothing. */
    private record Devices(
            Cpu cpu,
            List<Accelerator> accelerators,
            @Nullable String tornadoVm,
            String testedTornadoVm,
            @Nullable String absence) {}

    @Override
    public Integer call() {
        String absence = null;
        String version = null;
        List<Accelerator> accelerators = List.of();
        try {
            version = TornadoInstallation.find().version();
            if (!TornadoVm.available() && spec != null) {
                return Relaunch.withTornado(
                        spec.root().commandLine().getParseResult().originalArgs());
            }
            accelerators = TornadoVm.devices().stream()
                    .map(info -> new Accelerator(
                            info,
                            TornadoVm.products(info.number()),
                            TornadoVm.defect(info.number()).orElse(null)))
                    .toList();
        } catch (DeviceException e) {
            absence = e.getMessage();
        }
        print(new Devices(cpu(), accelerators, version, TornadoInstallation.TESTED, absence));
        return 0;
    }

    private static Cpu cpu() {
        MatrixUnitChoice unit = CpuKernels.matrixUnit();
        return new Cpu(Workers.shared().threads(), Vectors.BYTES * Byte.SIZE, unit.name(), unit.reason());
    }

    /** In words that need no knowledge of this program. */
    private static String matmul(String name) {
        return switch (name) {
            case "vector" -> "the Java Vector API";
            case "scalar" -> "plain loops in Java";
            case "kernels" -> "kernels in Java";
            default -> name;
        };
    }

    private void print(Devices devices) {
        if (terminal.json()) {
            terminal.printJson(devices);
            return;
        }
        terminal.print("cpu: %s, %d-bit vector instructions, matrix multiplication with %s (%s)"
                .formatted(
                        Quantity.of(devices.cpu.threads, "thread"),
                        devices.cpu.vectorBits,
                        matmul(devices.cpu.matmul),
                        devices.cpu.matmulReason));
        if (devices.absence != null) {
            terminal.print("gpu: none. " + devices.absence);
        }
        for (Accelerator accelerator : devices.accelerators) {
            DeviceInfo info = accelerator.device;
            terminal.print(String.format(
                    Locale.ROOT,
                    "%d: %s, %.1f GiB of memory, through %s (%s), matrix multiplication with %s; %s",
                    info.number(),
                    info.name(),
                    info.memoryBytes() / (double) (1L << 30),
                    info.backend(),
                    info.platform(),
                    matmul(accelerator.matmul),
                    accelerator.problem == null ? "its self-test passed" : accelerator.problem));
        }
        if (devices.tornadoVm != null) {
            terminal.print("TornadoVM %s; the newest version that was tested is %s"
                    .formatted(devices.tornadoVm, devices.testedTornadoVm));
        }
    }
}
