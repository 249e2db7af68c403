package io.llm2clip.bench.compare;

import io.llm2clip.bench.memory.ProcessMemory;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * The time of each kernel of a piece of work, and the memory of the process. Arguments are how often it is done, a precision, and the
 * work in words, as of a row of {@link Suite}:
 *
 * <pre>{@code
 * 5 bf16 images model=336,14,1024,24,768 batch=1
 * 3 f32 caption-step model=49152,576,1536,6,9,3,100000,0 captions=32 tokens=48 rate=1e-3
 * 3 f32 image-step model=224,16,768,2,512 batch=32 rate=1e-4
 * }</pre>
 */
final class WorkProfile {
    private WorkProfile() {}

    public static void main(String[] arguments) {
        List<String> words = List.of(arguments);
        Request request = Request.parse(words.subList(2, words.size())).with(Map.of("precision", words.get(1)));
        try (Task task = OwnTasks.profiled(request)) {
            for (int run = 0; run < Integer.parseInt(words.getFirst()); run++) {
                long start = System.nanoTime();
                task.run();
                System.out.printf(Locale.ROOT, "run %d: %.3f s%n", run, (System.nanoTime() - start) / 1e9);
            }
            System.out.print(task.explain());
            System.out.printf(Locale.ROOT, "peak of resident memory: %,d bytes%n", ProcessMemory.peak());
        }
    }
}
