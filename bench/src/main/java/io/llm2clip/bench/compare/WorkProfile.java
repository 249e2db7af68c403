package io.llm2clip.bench.compare;

import io.llm2clip.bench.memory.ProcessMemory;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The time of each kernel of a piece of work, and the memory of the process. Arguments are how often it is done, a precision, and the
 * work in words, as of a row of {@link Suite}; of work on stored weights also the file that has them:
 *
 * <pre>{@code
 * 5 bf16 images model=336,14,1024,24,768 batch=1
 * 3 f32 caption-step model=49152,576,1536,6,9,3,100000,0 captions=32 tokens=48 rate=1e-3
 * 3 f32 image-step model=224,16,768,2,512 batch=32 rate=1e-4
 * 3 bf16 captions model=128256,2048,8192,16,32,8,500000,1 batch=1 tokens=64 stored=bf16 file=model.safetensors
 * }</pre>
 */
final class WorkProfile {
    /** What work says of its weights, and what names the file that has them so. */
    private static final Map<String, String> FILES = Map.of("stored", "file", "quantized", "gguf");

    private WorkProfile() {}

    public static void main(String[] arguments) {
        List<String> words = List.of(arguments);
        try (Task task = OwnTasks.profiled(request(words.get(1), words.subList(2, words.size())))) {
            for (int run = 0; run < Integer.parseInt(words.getFirst()); run++) {
                long start = System.nanoTime();
                task.run();
                System.out.printf(Locale.ROOT, "run %d: %.3f s%n", run, (System.nanoTime() - start) / 1e9);
            }
            System.out.print(task.explain());
            System.out.printf(Locale.ROOT, "peak of resident memory: %,d bytes%n", ProcessMemory.peak());
        }
    }

    /**
     * The work in words.
     *
     * @throws IllegalArgumentException if its weights are stored in a way that those which are made up are not
     */
    static Request request(String precision, List<String> work) {
        Request request = Request.parse(work).with(Map.of("precision", precision));
        FILES.forEach((setting, file) -> {
            if (request.has(setting) && !request.has(file)) {
                throw new IllegalArgumentException(
                        "Work '%s' is on weights that are %s as %s, but names no file of them; add %s=, such as one that bench/compare/run keeps in its --work folder, or leave out %s=."
                                .formatted(request, setting, request.text(setting), file, setting));
            }
        });
        return request;
    }
}
