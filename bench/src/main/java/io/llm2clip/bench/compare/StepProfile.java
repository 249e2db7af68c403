package io.llm2clip.bench.compare;

import io.llm2clip.bench.memory.ProcessMemory;
import io.llm2clip.tensor.Device;
import io.llm2clip.tensor.Execution;
import io.llm2clip.tensor.Precision;
import io.llm2clip.tensor.ProgramOptions;
import java.util.List;
import java.util.Locale;

/**
 * The time of each kernel of a training step, and the memory of the process. Arguments are how often the step runs, f32 or bf16, and the
 * work in words, as of a row of {@link Suite}:
 *
 * <pre>{@code
 * 3 f32 caption-step model=49152,576,1536,6,9,3,100000,0 captions=32 tokens=48 rate=1e-3
 * 3 f32 image-step model=224,16,768,2,512 batch=32 rate=1e-4
 * }</pre>
 */
final class StepProfile {
    private StepProfile() {}

    public static void main(String[] arguments) {
        List<String> words = List.of(arguments);
        Request request = Request.parse(words.subList(2, words.size()));
        ProgramOptions options =
                new ProgramOptions(Precision.valueOf(words.get(1).toUpperCase(Locale.ROOT)));
        Execution execution = new Execution(Device.cpu(), options.withKernelTimes());
        StepTask task = request.kind().equals("image-step")
                ? StepTask.images(request, execution)
                : StepTask.captions(request, execution);
        try {
            for (int run = 0; run < Integer.parseInt(words.getFirst()); run++) {
                long start = System.nanoTime();
                task.run();
                System.out.printf(Locale.ROOT, "step %d: %.3f s%n", run, (System.nanoTime() - start) / 1e9);
            }
            System.out.print(task.explain());
            System.out.printf(Locale.ROOT, "peak of resident memory: %,d bytes%n", ProcessMemory.peak());
        } finally {
            task.close();
        }
    }
}
