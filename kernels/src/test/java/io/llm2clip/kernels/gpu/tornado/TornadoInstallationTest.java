package io.llm2clip.kernels.gpu.tornado;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.llm2clip.kernels.gpu.device.DeviceException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarOutputStream;
import java.util.jar.Manifest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Installations are taken for what is in their folders; these are made of empty jars. */
class TornadoInstallationTest {
    @TempDir
    Path home;

    @Test
    void argumentsOfExportLists() throws IOException {
        installation("opencl");
        List<String> arguments = TornadoInstallation.at(home).jvmArguments("opencl");
        assertThat(following(arguments, "--module-path"))
                .contains("tornado-runtime-9.9.jar", "tornado-drivers-opencl-9.9.jar")
                .doesNotContain("junit-4.13.2", "compiler-25");
        assertThat(following(arguments, "--upgrade-module-path")).contains("jdk.graal.compiler-25.jar");
        assertThat(following(arguments, "--add-modules"))
                .startsWith("tornado.runtime,tornado.annotation,tornado.drivers.common,tornado.drivers.opencl");
        assertThat(arguments)
                .contains(
                        "--add-exports=a/b=tornado.runtime",
                        "--add-exports=a/c=tornado.drivers.opencl",
                        "--enable-native-access=tornado.drivers.opencl",
                        "-Djava.library.path=" + home.resolve("lib"),
                        "-Dtornado.recover.bailout=False")
                .doesNotContain("#", "comment");
    }

    @Test
    void bestBackendUnlessNamed() throws IOException {
        installation("opencl");
        backend("cuda");
        TornadoInstallation installation = TornadoInstallation.at(home);
        assertThat(installation.backends()).containsExactly("cuda", "opencl");
        assertThat(following(installation.jvmArguments(), "--module-path"))
                .contains("drivers-cuda")
                .doesNotContain("drivers-opencl");
        assertThat(following(installation.jvmArguments("opencl"), "--module-path"))
                .contains("drivers-opencl")
                .doesNotContain("drivers-cuda");
        assertThatThrownBy(() -> installation.jvmArguments("metal"))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("has no back end 'metal': found cuda, opencl; choose one of these");
    }

    @Test
    void argumentsOfOwnFile() throws IOException {
        installation("opencl");
        Files.writeString(home.resolve("tornado-argfile"), """
                # === JVM mode ===
                -server
                -XX:-UseCompressedOops
                -XX:+UnlockExperimentalVMOptions
                -XX:+EnableJVMCI
                --enable-preview
                -Dtornado.load.api.implementation=New
                --module-path "${TORNADOVM_HOME}/my jars"
                --add-exports x/y=z
                """);
        Files.delete(home.resolve("etc/exportLists/common-exports"));
        List<String> arguments = TornadoInstallation.at(home).jvmArguments("opencl");
        assertThat(arguments)
                .containsSequence(
                        "-XX:+UnlockExperimentalVMOptions",
                        "-XX:+EnableJVMCI",
                        "-Dtornado.load.api.implementation=New",
                        "--module-path",
                        home + "/my jars",
                        "--add-exports",
                        "x/y=z")
                .doesNotContain("-server", "-XX:-UseCompressedOops", "--enable-preview");
    }

    @Test
    void versionIsReported() throws IOException {
        installation("opencl");
        assertThat(TornadoInstallation.at(home).version()).isEqualTo("9.9");
        Files.writeString(home.resolve("etc/tornado.release"), "\nversion=10.1-jdk22plus\nbranch=UNKNOWN\n");
        assertThat(TornadoInstallation.at(home).version()).isEqualTo("10.1-jdk22plus");
    }

    @Test
    void whatIsMissingIsSaid() throws IOException {
        assertThatThrownBy(() -> TornadoInstallation.at(home))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining("is not complete: expected jars of the modules tornado.api, tornado.runtime,")
                .hasMessageContaining("tornado.drivers.<one of cuda, ptx, opencl, spirv, metal>")
                .hasMessageEndingWith("correct TORNADOVM_HOME.");
        installation("opencl");
        Files.delete(home.resolve("etc/exportLists/opencl-exports"));
        TornadoInstallation withoutExports = TornadoInstallation.at(home);
        assertThatThrownBy(() -> withoutExports.jvmArguments("opencl"))
                .hasMessageContaining("expected the export list " + home.resolve("etc/exportLists/opencl-exports"))
                .hasMessageContaining("found neither; install TornadoVM again");
        Files.delete(home.resolve("share/java/graalJars/jdk.graal.compiler-25.jar"));
        TornadoInstallation withoutCompiler = TornadoInstallation.at(home);
        assertThatThrownBy(() -> withoutCompiler.jvmArguments("opencl"))
                .hasMessageContaining("has no compiler: expected a jar of the module jdk.graal.compiler");
    }

    @Test
    void environmentThenStandardFolder() throws IOException {
        assertThatThrownBy(() -> TornadoInstallation.find(Map.of(), home))
                .isInstanceOf(DeviceException.class)
                .hasMessageContaining(
                        "No TornadoVM was found: expected the environment variable TORNADOVM_HOME or the folder "
                                + home.resolve(".sdkman"));
        Path gone = home.resolve("gone");
        assertThatThrownBy(() -> TornadoInstallation.find(Map.of("TORNADOVM_HOME", gone.toString()), home))
                .hasMessageContaining("was expected in " + gone + ", but there is no such folder");
        installation("opencl");
        assertThat(TornadoInstallation.find(Map.of("TORNADOVM_HOME", home.toString()), gone)
                        .home())
                .isEqualTo(home);
    }

    private static String following(List<String> arguments, String option) {
        return arguments.get(arguments.indexOf(option) + 1);
    }

    private void installation(String backend) throws IOException {
        for (String module : List.of("api", "runtime", "annotation", "drivers-common")) {
            jar("tornado/tornado-" + module + "-9.9.jar");
        }
        jar("tornado/junit-4.13.2.jar");
        jar("graalJars/jdk.graal.compiler-25.jar");
        exports("common", "# a comment\n--add-exports=a/b=tornado.runtime\n");
        backend(backend);
    }

    private void backend(String backend) throws IOException {
        jar("tornado/tornado-drivers-" + backend + "-9.9.jar");
        exports(backend, "--add-exports=a/c=tornado.drivers." + backend + "\n");
    }

    private void exports(String name, String lines) throws IOException {
        Path file = home.resolve("etc/exportLists/" + name + "-exports");
        Files.createDirectories(file.getParent());
        Files.writeString(file, lines);
    }

    /** An empty jar, whose module name is made of its file name. */
    private void jar(String name) throws IOException {
        Path file = home.resolve("share/java/" + name);
        Files.createDirectories(file.getParent());
        try (OutputStream out = Files.newOutputStream(file)) {
            new JarOutputStream(out, new Manifest()).close();
        }
    }
}
