package io.llm2clip.bench.compare;

import io.llm2clip.data.Fingerprint;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** A virtual environment with the packages of peers, made where it is not there yet. */
final class PythonEnvironment {
    private static final String REQUIREMENTS = "requirements.txt";
    private static final String BUILT = "requirements-llama.txt";

    private final Path scripts;
    private final Path log;

    /** @param log receives what is installed */
    PythonEnvironment(Path scripts, Path log) {
        this.scripts = scripts;
        this.log = log;
    }

    /**
     * The interpreter of the environment in a folder, after pinned packages were installed to it; nothing, and a sentence on standard
     * error, if that fails.
     */
    Optional<Path> install(Path folder) throws IOException, InterruptedException {
        Path interpreter = folder.resolve("bin").resolve("python");
        Path sign = folder.resolve("installed");
        String wanted = Fingerprint.hash(
                Files.readString(scripts.resolve(REQUIREMENTS)) + "---\n" + Files.readString(scripts.resolve(BUILT)));
        if (Files.exists(sign) && Files.readString(sign).equals(wanted)) {
            return Optional.of(interpreter);
        }
        System.err.println("Installing the peers to " + folder + " ...");
        if (!run(List.of("python3", "-m", "venv", folder.toString())) || !run(pip(interpreter, REQUIREMENTS))) {
            System.err.println("Python's packages cannot be installed; see " + log
                    + ". Only llm2clip is measured; --python takes an environment that has them.");
            return Optional.empty();
        }
        // Built from source, which not every machine can.
        if (!run(pip(interpreter, BUILT))) {
            System.err.println("llama.cpp cannot be built and is left out; see " + log + ".");
        }
        Files.writeString(sign, wanted);
        return Optional.of(interpreter);
    }

    private List<String> pip(Path interpreter, String file) {
        return List.of(
                interpreter.toString(),
                "-m",
                "pip",
                "install",
                "--no-deps",
                "-r",
                scripts.resolve(file).toString());
    }

    private boolean run(List<String> command) throws InterruptedException {
        try {
            return new ProcessBuilder(command)
                            .redirectErrorStream(true)
                            .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                            .start()
                            .waitFor()
                    == 0;
        } catch (IOException e) {
            // There is no such program.
            return false;
        }
    }

    /** Versions of the packages of the requirements, a line for each; empty if the interpreter does not run. */
    static List<String> versions(Path interpreter) throws InterruptedException {
        String program = "import importlib.metadata as m\n"
                + "for p in ('torch', 'onnxruntime', 'openvino', 'llama-cpp-python'):\n"
                + "    try: print(p, m.version(p))\n"
                + "    except m.PackageNotFoundError: pass\n";
        try {
            Process process = new ProcessBuilder(interpreter.toString(), "-c", program).start();
            List<String> lines = process.inputReader().lines().toList();
            process.waitFor();
            return lines;
        } catch (IOException e) {
            return List.of();
        }
    }
}
