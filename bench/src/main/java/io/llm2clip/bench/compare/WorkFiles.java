package io.llm2clip.bench.compare;

import io.llm2clip.data.Fingerprint;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Files that work needs: stored weights, and models as ONNX. Each is made when it is first asked for, and kept. */
final class WorkFiles {
    private final Launch launch;
    private final Path folder;
    private final Path logs;

    WorkFiles(Launch launch, Path folder, Path logs) {
        this.launch = launch;
        this.folder = folder;
        this.logs = logs;
    }

    /** Options of a JVM for a fresh process of this engine, rehearsed as its users' processes are: with a small model from a file. */
    List<String> startOptions() {
        Request small = Request.of("images", "model", "32,16,64,2,32", "batch", 1, "stored", "f32", "precision", "f32");
        Request rehearsal = small.with(Map.of("file", stored(small).toString()));
        return StartCache.options(launch, rehearsal, folder, logs.resolve("rehearsal.log"));
    }

    /** The safetensors file of a model's weights, of the type that the work's {@code stored} says. */
    Path stored(Request work) {
        Path made = folder.resolve(
                name("weights", Request.of(work.kind(), "model", work.text("model"), "stored", work.text("stored"))));
        if (!Files.exists(made)) {
            Path part = made.resolveSibling(made.getFileName() + ".part");
            create(part);
            try (PeerProcess process = new PeerProcess(
                    launch.java(Runtime.getRuntime().availableProcessors()), Map.of(), logs.resolve("store.log"))) {
                process.ask("store " + part + " " + work);
            }
            move(part, made);
        }
        return made.resolve("model.safetensors");
    }

    /**
     * The folder of a model as ONNX.
     *
     * @throws IllegalStateException if it cannot be exported
     */
    Path onnx(Request work) {
        Map<String, String> settings = new HashMap<>(work.settings());
        settings.remove("stored");
        Request exported = new Request(work.kind(), settings);
        Path made = folder.resolve(name("onnx", exported));
        export("onnx_export.py", exported, made);
        return made;
    }

    /**
     * A language model in a GGUF file, its weights in the blocks that the work's {@code quantized} says.
     *
     * @throws IllegalStateException if it cannot be written
     */
    Path gguf(Request work) {
        Path made = folder.resolve(
                name("gguf", Request.of(work.kind(), "model", work.text("model"), "quantized", work.text("quantized")))
                        + ".gguf");
        export("gguf_export.py", work, made);
        return made;
    }

    private void export(String script, Request work, Path made) {
        if (!Files.exists(made)) {
            List<String> command = new ArrayList<>(launch.script(script));
            command.add(made.toString());
            command.addAll(List.of(work.toString().split(" ")));
            run(command, logs.resolve("export.log"));
        }
    }

    private static void run(List<String> command, Path log) {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                    .start();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("a model could not be exported; see " + log);
            }
        } catch (IOException e) {
            throw new IllegalStateException(command.getFirst() + " does not start; check that it can be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the run was interrupted", e);
        }
    }

    private static String name(String kind, Request what) {
        return kind + "-" + what.kind() + "-"
                + Fingerprint.hash(what.toString()).substring(0, 12);
    }

    private static void create(Path part) {
        try {
            Files.createDirectories(part);
        } catch (IOException e) {
            throw new UncheckedIOException(part + " cannot be made; give a --work folder that can be written.", e);
        }
    }

    private static void move(Path part, Path made) {
        try {
            Files.move(part, made, StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
