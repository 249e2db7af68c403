package io.llm2clip.cli;

import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import io.llm2clip.tensor.machine.Processor;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** Where a command computes; {@link Llm2ClipCommand} sees to it before the command runs. */
@HelpSection.In(HelpSection.DEVICE)
final class DeviceOption {
    @Option(
            names = "--device",
            paramLabel = "cpu|gpu|N",
            description = "Where to compute: the CPU, the first device of TornadoVM, or the device of this number"
                    + " (default: ${DEFAULT-VALUE}; 'llm2clip devices' lists them).")
    private String device = "cpu";

    @Option(
            names = "--device-memory",
            paramLabel = "SIZE",
            converter = ByteSize.Converter.class,
            description =
                    "How much of a device's memory to use, such as 6g (default: three quarters, at most 16g without"
                            + " CUDA).")
    private @Nullable ByteSize memory;

    @Option(
            names = {"--precision", "--compute"},
            paramLabel = "f32|tf32|bf16|bf16x3|bf16x6|int8|auto",
            converter = PrecisionChoice.Converter.class,
            description = "Precision of matrix multiplication: f32, or faster with operands rounded to tf32 (10-bit"
                    + " mantissa; NVIDIA devices) or bf16 (7-bit mantissa; NVIDIA devices, and CPUs with AVX-512"
                    + " BF16 or AMX), or with three products of bf16 for one of f32 (such CPUs) or six, which are"
                    + " as precise as f32 (CPUs with AMX), or int8:"
                    + " quantized weights (--weights int8|int4, or of such a file) multiplied as integers by"
                    + " activations rounded to int8, and all else in f32 (CPUs with AVX2); auto is the fastest that is"
                    + " as precise as f32: bf16x6 on CPUs with AMX, otherwise f32 (default: f32).")
    private PrecisionChoice choice = new PrecisionChoice(Precision.F32);

    private @Nullable Device opened;

    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    /** Whether a device of TornadoVM was asked for. */
    boolean accelerator() {
        if (!device.matches("cpu|gpu|\\d{1,4}")) {
            throw bad("Expected cpu, gpu or the number of a device for --device, found '" + device
                    + "'; 'llm2clip devices' lists them.");
        }
        if (device.equals("cpu") && memory != null) {
            throw bad("--device-memory is for devices of TornadoVM; give one with --device, or leave it out.");
        }
        Precision precision = precision();
        if (precision == Precision.INT8 && spec != null && spec.findOption("--weights") == null) {
            throw bad(
                    "--precision int8 is for quantized weights, and this command trains others; leave it out for f32.");
        }
        if (device.equals("cpu") && precision != Precision.F32) {
            Processor.absence(precision).ifPresent(reason -> {
                throw bad("--precision " + precision + " is not for this CPU: " + reason
                        + "; leave it out for f32, or give a device of TornadoVM with --device.");
            });
        }
        return !device.equals("cpu");
    }

    /** Opens the device that was asked for, where the command will compute; this JVM has TornadoVM. */
    Device open() {
        int number = device.equals("gpu") ? 0 : Integer.parseInt(device);
        long bytes = memory == null ? Device.usableBytes(number) : memory.bytes();
        Device device = Device.open(number, bytes);
        opened = device;
        return device;
    }

    /** Where and how the command computes. */
    Execution execution() {
        return new Execution(opened == null ? Device.cpu() : opened, new ProgramOptions(precision()));
    }

    private Precision precision() {
        return choice.on(device.equals("cpu"));
    }

    private ParameterException bad(String sentence) {
        if (spec == null) {
            throw new IllegalStateException("Options are read before a command runs.");
        }
        return new ParameterException(spec.commandLine(), sentence);
    }
}
