package io.llm2clip.demo.scenes;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/** Fills an empty folder with the data set. Threads take images from a counter; where a result goes depends on its index. */
final class DataSetWriter {
    private static final int IMAGE_SIDE = 128;

    /** One image to be made. */
    private record Job(Split split, int image) {}

    private final Path root;
    private final DemoDataSetOptions options;
    private final int threads;
    private final DemoDataSet.Progress progress;
    private final SceneGenerator generator;
    private final SceneRenderer renderer = new SceneRenderer(IMAGE_SIDE);
    private final List<Job> jobs = new ArrayList<>();
    private final AtomicInteger nextJob = new AtomicInteger();
    private final Object progressLock = new Object();
    private int finished;

    DataSetWriter(Path root, DemoDataSetOptions options, int threads, DemoDataSet.Progress progress) {
        this.root = root;
        this.options = options;
        this.threads = threads;
        this.progress = progress;
        this.generator = new SceneGenerator(options.seed());
        for (Split split : Split.values()) {
            for (int image = 0; image < split.images(options); image++) {
                jobs.add(new Job(split, image));
            }
        }
    }

    void write() throws IOException {
        for (Split split : Split.values()) {
            Files.createDirectories(split.images(root));
        }
        writeImages();
        for (Split split : Split.values()) {
            writeCaptions(split, Wording.FIRST, split.captions(root));
        }
        writeCaptions(Split.TEST, Wording.OTHER, Split.TEST.otherWords(root));
        writeTextCorpus();
        Manifest.write(root, options);
    }

    private void writeImages() throws IOException {
        try (ExecutorService pool = Executors.newFixedThreadPool(threads)) {
            List<Future<?>> workers = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                workers.add(pool.submit(() -> {
                    work();
                    return null;
                }));
            }
            try {
                for (Future<?> worker : workers) {
                    worker.get();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new CancellationException("Writing the data set was interrupted.");
            } catch (ExecutionException e) {
                throw e.getCause() instanceof IOException failure
                        ? failure
                        : new IOException("an image could not be made (" + e.getCause() + ")", e.getCause());
            } finally {
                nextJob.set(jobs.size());
            }
        }
    }

    private void work() throws IOException {
        try (ImageWriting writing = new ImageWriting()) {
            for (int i = nextJob.getAndIncrement(); i < jobs.size(); i = nextJob.getAndIncrement()) {
                Job job = jobs.get(i);
                Path file = job.split.folder(root).resolve(Split.imagePath(job.image));
                writing.write(renderer.render(scene(job.split, job.image)), file);
                synchronized (progressLock) {
                    finished++;
                    progress.finished(finished, jobs.size());
                }
            }
        }
    }

    private void writeCaptions(Split split, Wording wording, Path file) throws IOException {
        List<String> lines = new ArrayList<>();
        for (int image = 0; image < split.images(options); image++) {
            Scene scene = scene(split, image);
            Captions captions = CaptionGrammar.captions(scene, wording, 0);
            lines.add(CaptionLines.image(Split.imagePath(image), captions, scene));
        }
        Files.write(file, lines);
    }

    /** Variant 0 describes the images; the corpus begins after it, so that it does not repeat their captions. */
    private void writeTextCorpus() throws IOException {
        List<String> lines = new ArrayList<>();
        for (int variant = 1; variant <= options.textsPerScene(); variant++) {
            for (int image = 0; image < options.trainImages(); image++) {
                lines.add(CaptionLines.text(CaptionGrammar.captions(scene(Split.TRAIN, image), Wording.ALL, variant)));
            }
        }
        Path file = Split.textCorpus(root);
        Files.createDirectories(file.resolveSibling(""));
        Files.write(file, lines);
    }

    private Scene scene(Split split, int image) {
        return generator.scene(split.sceneIndex(image));
    }
}
