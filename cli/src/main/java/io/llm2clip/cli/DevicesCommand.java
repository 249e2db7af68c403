package io.llm2clip.cli;

import io.llm2clip.progress.Quantity;
import io.llm2clip.tensor.machine.Accelerator;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.tensor.machine.TornadoException;
import io.llm2clip.tensor.machine.TornadoRuntime;
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

    /** {@code problem} is null for a device whose self-test passed. */
    private record Device(
            Accelerator device, String matmul, @Nullable String problem) {}

    /** {@code version} and {@code absence}: what there is, or why there is nothing. */
    private record Devices(
            Processor cpu,
            List<Device> accelerators,
            @Nullable String tornadoVm,
            String testedTornadoVm,
            @Nullable String absence) {}

    @Override
    public Integer call() {
        String absence = null;
        String version = null;
        List<Device> accelerators = List.of();
        try {
            version = TornadoRuntime.find().version();
            if (TornadoRuntime.absence().isPresent() && spec != null) {
                return Relaunch.withTornado(
                        spec.root().commandLine().getParseResult().originalArgs());
            }
            accelerators = TornadoRuntime.accelerators().stream()
                    .map(device ->
                            new Device(device, device.matmul(), device.defect().orElse(null)))
                    .toList();
        } catch (TornadoException e) {
            absence = e.getMessage();
        }
        print(new Devices(Processor.current(), accelerators, version, TornadoRuntime.TESTED, absence));
        return 0;
    }

    /** In words that need no knowledge of this program. */
    private static String matmul(String name) {
        return switch (name) {
            case "vector" -> "the Java Vector API";
            case "scalar" -> "plain loops in Java";
            case "kernels" -> "kernels in Java";
            case "amx-bf16", "amx-bf16x3", "amx-bf16x6" -> "AMX tiles, in machine code";
            case "avx512-bf16", "avx512-bf16x3" -> "AVX-512 dot products, in machine code";
            case "amx-int8" -> "AMX tiles of bytes, in machine code";
            case "avx512-int8" -> "AVX-512 dot products of bytes, in machine code";
            case "avxvnni-int8" -> "AVX-VNNI dot products of bytes, in machine code";
            case "avx2-int8" -> "AVX2 products of bytes, in machine code";
            case "avx512-attention" -> "AVX-512, in machine code";
            case "avx2-attention" -> "AVX2, in machine code";
            case "amx-bf16-attention" -> "AMX tiles, in machine code";
            default -> name;
        };
    }

    private void print(Devices devices) {
        if (terminal.json()) {
            terminal.printJson(devices);
            return;
        }
        terminal.print("cpu: %s, %d-bit vector instructions, matrix multiplication with %s (%s), attention with %s"
                .formatted(
                        Quantity.of(devices.cpu.threads(), "thread"),
                        devices.cpu.vectorBits(),
                        matmul(devices.cpu.matmul()),
                        devices.cpu.matmulReason(),
                        matmul(devices.cpu.attention())));
        for (Processor.Multiplication other : devices.cpu.others()) {
            String attention = other.attention();
            terminal.print("cpu, --precision %s: %s (%s)%s"
                    .formatted(
                            other.precision(),
                            other.matmul() == null ? "none" : matmul(other.matmul()),
                            other.reason(),
                            attention == null || attention.equals(devices.cpu.attention())
                                    ? ""
                                    : ", attention with " + matmul(attention)));
        }
        if (devices.absence != null) {
            terminal.print("gpu: none. " + devices.absence);
        }
        for (Device accelerator : devices.accelerators) {
            Accelerator info = accelerator.device;
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
