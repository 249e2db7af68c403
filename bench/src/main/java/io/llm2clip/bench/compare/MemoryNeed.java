package io.llm2clip.bench.compare;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/** Whether an entrant's weights have room beside those that are there, so that none is swapped out or killed. */
final class MemoryNeed {
    private static final Path MEMORY = Path.of("/proc/meminfo");
    private static final double GB = 1e9;
    private static final double BESIDES = 1 * GB;

    private MemoryNeed() {}

    /** Why there is no room now, as half a sentence; nothing if there is. */
    static Optional<String> obstacle(Request work, Entrant entrant) {
        double needed = bytes(work, entrant);
        double available = available();
        return needed <= available
                ? Optional.empty()
                : Optional.of("it needs about %.1f GB of memory, %.1f GB are available"
                        .formatted(needed / GB, available / GB));
    }

    private static double bytes(Request work, Entrant entrant) {
        double weights = work.has("model") ? 4.0 * elements(work) : 0;
        double factor = switch (entrant.peer()) {
            // Weights, and those that are packed for the matmuls.
            case LLM2CLIP, ONNXRUNTIME, OPENVINO -> 2;
            case TORCH, LLAMA_CPP -> 1;
        };
        // Gradients and two moments.
        factor = work.kind().equals("image-step") ? 4 : factor;
        return BESIDES + factor * weights * (entrant.precision().equals("bf16") ? 0.75 : 1);
    }

    /** Of a model's matrices. */
    private static double elements(Request work) {
        int[] m = work.model();
        boolean vision = work.kind().startsWith("image");
        if (vision) {
            return m[3] * 12.0 * m[2] * m[2];
        }
        double keys = (double) m[1] / m[4] * m[5];
        return (double) m[0] * m[1] + m[3] * (2.0 * m[1] * m[1] + 2 * m[1] * keys + 3.0 * m[1] * m[2]);
    }

    private static double available() {
        try {
            return Files.readAllLines(MEMORY).stream()
                    .filter(line -> line.startsWith("MemAvailable:"))
                    .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) * 1024)
                    .findFirst()
                    .orElse(Double.POSITIVE_INFINITY);
        } catch (IOException e) {
            throw new UncheckedIOException("Memory is read from " + MEMORY + ", which only Linux has.", e);
        }
    }
}
