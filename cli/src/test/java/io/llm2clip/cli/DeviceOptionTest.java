package io.llm2clip.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.machine.Processor;
import io.llm2clip.tensor.machine.TornadoRuntime;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import picocli.CommandLine.TypeConversionException;
import tools.jackson.databind.JsonNode;

class DeviceOptionTest {
    @TempDir
    Path folder;

    @Test
    void anUnknownDeviceIsBadUsage() {
        Run run = Run.of("demo", "--device", "tpu");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("error: Expected cpu, gpu or the number of a device for --device, found 'tpu';"
                        + " 'llm2clip devices' lists them.");
    }

    @Test
    void deviceMemoryIsForDevices() {
        Run run = Run.of("demo", "--device-memory", "1g");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err()).startsWith("error: --device-memory is for devices of TornadoVM; give one with --device");
        assertThat(Run.of("demo", "--device", "gpu", "--device-memory", "much").err())
                .startsWith(
                        "error: Invalid value for option '--device-memory': expected a size such as 8g or 512m, found"
                                + " 'much'");
    }

    @Test
    void precisionIsForDevices() {
        assertThat(Run.of("demo", "--precision", "f16", "--device", "gpu").err())
                .startsWith("error: Invalid value for option '--precision': expected f32, tf32, bf16, bf16x3, bf16x6,"
                        + " int8 or auto, found 'f16'");
        Run run = Run.of("demo", "--precision", "tf32");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .startsWith(
                        "error: --precision tf32 is not for this CPU: tensor cores are of NVIDIA devices; leave it out"
                                + " for f32, or give a device of TornadoVM with --device.");
    }

    /** Not what was asked for, but what was chosen, is in the result, whose numbers are those of f32. */
    @Test
    void theFastestThatIsAsPreciseIsChosen() throws Exception {
        Path model = Fixture.model(folder.resolve("model"));
        Path picture = Fixture.picture(folder.resolve("red.png"), 0x400000);
        JsonNode expected = similarity(picture, model, "f32");
        JsonNode found = similarity(picture, model, "AUTO");
        assertThat(expected.path("precision").asString()).isEqualTo("f32");
        assertThat(found.path("precision").asString())
                .isEqualTo(Processor.absence(Precision.BF16X6).isEmpty() ? "bf16x6" : "f32");
        double cosine = expected.at("/captions/0/cosine").asDouble();
        assertThat(found.at("/captions/0/cosine").asDouble()).isCloseTo(cosine, within(2e-6));
        System.setProperty("llm2clip.machine", "false");
        try {
            assertThat(similarity(picture, model, "auto").path("precision").asString())
                    .isEqualTo("f32");
        } finally {
            System.clearProperty("llm2clip.machine");
        }
    }

    private static JsonNode similarity(Path picture, Path model, String precision) {
        Run run = Run.of("similarity", picture, "a red kite", "--model", model, "--compute", precision, "--json");
        assertThat(run.code()).as(run.err()).isZero();
        return run.json();
    }

    /** Where it would change nothing it is refused. */
    @Test
    void integersAreForQuantizedWeights() {
        Run run = Run.of("demo", "--precision", "int8");
        assertThat(run.code()).isEqualTo(2);
        assertThat(run.err())
                .startsWith("error: --precision int8 is for quantized weights, and this command trains others;"
                        + " leave it out for f32.");
    }

    @Test
    void withoutMachineCodeTheCpuHasF32Only() {
        System.setProperty("llm2clip.machine", "false");
        try {
            Run run = Run.of("demo", "--precision", "bf16");
            assertThat(run.code()).isEqualTo(2);
            assertThat(run.err())
                    .startsWith(
                            "error: --precision bf16 is not for this CPU: not amx-bf16, machine code is switched off"
                                    + " by llm2clip.machine; not avx512-bf16, machine code is switched off by"
                                    + " llm2clip.machine; leave it out for f32, or give a device of TornadoVM with"
                                    + " --device.");
            assertThat(Run.of("devices").out())
                    .contains(
                            "cpu, --precision bf16x3: none (not amx-bf16x3, machine code is switched off",
                            "cpu, --precision int8: none (not amx-int8, machine code is switched off by"
                                    + " llm2clip.machine;");
        } finally {
            System.clearProperty("llm2clip.machine");
        }
    }

    @Test
    void theCpuNeedsNothing() throws Exception {
        Path model = Fixture.model(folder.resolve("model"));
        Path picture = Fixture.picture(folder.resolve("red.png"), 0x400000);
        Run run = Run.of("similarity", picture, "a red kite", "a tent", "--model", model, "--device", "cpu");
        assertThat(run.code()).isZero();
    }

    @Test
    void helpIsShownWithoutADevice() {
        Run run = Run.of("demo", "--device", "gpu", "--help");
        assertThat(run.code()).isZero();
        assertThat(run.out()).contains("--device-memory=SIZE");
    }

    /** Never a silent fall back to the CPU. */
    @Test
    void withoutTornadoVmAGpuIsAFailure() {
        assumeTrue(
                System.getenv(TornadoRuntime.HOME_VARIABLE) == null
                        && Files.notExists(
                                Path.of(System.getProperty("user.home"), ".sdkman/candidates/tornadovm/current")),
                "There is a TornadoVM, so what is said without one does not show.");
        Run run = Run.of("demo", "--device", "gpu", "--out", folder.resolve("demo"));
        assertThat(run.code()).isEqualTo(1);
        assertThat(run.err())
                .startsWith("error: No TornadoVM was found: expected the environment variable TORNADOVM_HOME");
        assertThat(folder).isEmptyDirectory();
        assertThat(Run.of("devices").out()).contains("cpu: ", "gpu: none. No TornadoVM was found");
        assertThat(Run.of("devices", "--json").json().get("absence").asString()).startsWith("No TornadoVM was found");
        assertThat(Run.of("jvm-args").code()).isEqualTo(1);
    }

    @Test
    void theProcessorIsDescribedInWordsThatUsersKnow() {
        assertThat(Run.of("devices").out().lines().findFirst().orElseThrow())
                .matches("cpu: \\d+ threads?, \\d+-bit vector instructions, matrix multiplication with .+");
    }

    @Test
    void theProgramIsStartedAgainWithItsArguments() {
        List<String> command = Relaunch.command(List.of("--module-path", "jars"), List.of("demo", "--device", "gpu"));
        assertThat(command.getFirst()).endsWith("java");
        assertThat(command)
                .containsSubsequence("--module-path", "jars", "-Dllm2clip.relaunched=true", "-cp")
                .endsWith(Main.class.getName(), "demo", "--device", "gpu");
        // This JVM's own options go along, or the new one would lack the Vector API.
        assertThat(command).anyMatch(argument -> argument.contains("jdk.incubator.vector"));
        assertThat(Relaunch.inheritable(List.of("-Xmx1g", "-Dllm2clip.stderr=9", "-Dllm2clip.terminal=/dev/tty")))
                .containsExactly("-Xmx1g", "-Dllm2clip.terminal=/dev/tty");
    }

    @ParameterizedTest
    @CsvSource({"1,1", "17,17", "3k,3072", "512M,536870912", "8g,8589934592"})
    void sizes(String text, long bytes) {
        assertThat(new ByteSize.Converter().convert(text).bytes()).isEqualTo(bytes);
    }

    @ParameterizedTest
    @CsvSource({"0", "00g", "-1", "g", "8gb", "1.5g", "9999999999"})
    void notSizes(String text) {
        assertThatThrownBy(() -> new ByteSize.Converter().convert(text))
                .isInstanceOf(TypeConversionException.class)
                .hasMessageEndingWith("found '" + text + "'");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {"--add-modules|--add-modules", "a b|\"a b\"", "C:\\x|\"C:\\\\x\""})
    void argumentsAreQuotedAsArgumentFilesHaveIt(String argument, String quoted) {
        assertThat(JvmArgsCommand.quoted(argument)).isEqualTo(quoted);
    }
}
