package io.llm2clip.hub;

import io.llm2clip.progress.Progress;
import io.llm2clip.progress.Quantity;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CancellationException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorCompletionService;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.function.Function;

/**
 * Fetches models of the Hub into the cache, whole or not at all: what was received before a failure is kept for the next try, but no file
 * has its name before its content is whole and has the right hash, and no revision is found before all its files are there.
 */
public final class HubPull {
    /** Files at a time; most servers give one connection less than the line has. */
    private static final int FILES_AT_A_TIME = 3;

    private final HubSettings settings;
    private final Retries.Policy policy;

    /** @param settings where to fetch from and to */
    public HubPull(HubSettings settings) {
        this(settings, Retries.Policy.DEFAULT);
    }

    /** @param policy how often requests are made */
    HubPull(HubSettings settings, Retries.Policy policy) {
        this.settings = settings;
        this.policy = policy;
    }

    /**
     * What was fetched.
     *
     * @param name as asked for
     * @param commit that its revision is
     * @param directory that holds the files
     * @param files that were asked for
     * @param fetched how many of them were not there before
     */
    public record Result(HubName name, String commit, Path directory, List<HubFile> files, int fetched) {
        public Result {
            files = List.copyOf(files);
        }
    }

    /**
     * Fetches the files of a repository that are not there.
     *
     * @throws HubException if that is not possible; the message says why and what to do
     */
    public Result run(HubName name, FileChoice choice, Progress progress) {
        if (settings.offline()) {
            Result result = offline(name);
            progress.note("HF_HUB_OFFLINE is set: %s is as it was fetched before.".formatted(name));
            return result;
        }
        HubCache cache = new HubCache(settings.cache());
        try (Hub hub = new Hub(settings, policy, progress);
                ExecutorService workers = Executors.newFixedThreadPool(
                        FILES_AT_A_TIME,
                        Thread.ofPlatform().daemon().name("pull-", 0).factory())) {
            HubListing listing = listing(hub, cache, name);
            List<HubFile> chosen = choice.of(listing);
            List<HubFile> missing = new ArrayList<>();
            for (HubFile file : chosen) {
                if (!isThere(cache.file(name, listing.commit(), file.path()), file)) {
                    missing.add(file);
                }
            }
            List<RemoteFile> remote = inParallel(workers, missing, file -> hub.file(listing, file));
            requireRoom(cache, name, remote);
            long bytes = remote.stream().mapToLong(RemoteFile::size).sum();
            if (!remote.isEmpty()) {
                progress.announce("%s: fetching %d of %s, %,d MB, into %s"
                        .formatted(
                                name,
                                remote.size(),
                                Quantity.of(chosen.size(), "file"),
                                Math.max(1, Math.round(bytes / 1e6)),
                                cache.folder()));
            }
            try (Progress.Phase phase = progress.begin("pull", bytes, "byte")) {
                inParallel(workers, remote, file -> {
                    Path content = new ContentDownload(hub, cache, name, file, phase).run();
                    cache.link(cache.file(name, listing.commit(), file.path()), content);
                    return content;
                });
            }
            cache.refer(name, listing.commit());
            return new Result(name, listing.commit(), cache.snapshot(name, listing.commit()), chosen, missing.size());
        }
    }

    private static HubListing listing(Hub hub, HubCache cache, HubName name) {
        try {
            return hub.listing(name);
        } catch (HubException e) {
            throw cache.find(name).isEmpty()
                    ? e
                    : new HubException(e.getMessage() + " As it was fetched before, the model is there and opens.", e);
        }
    }

    private Result offline(HubName name) {
        Path directory = new HubCache(settings.cache())
                .find(name)
                .orElseThrow(() -> new HubException(
                        "%s: is not in %s, and HF_HUB_OFFLINE forbids to fetch it; unset that variable."
                                .formatted(name, settings.cache())));
        return new Result(name, String.valueOf(directory.getFileName()), directory, List.of(), 0);
    }

    private static boolean isThere(Path path, HubFile file) {
        try {
            return Files.isRegularFile(path) && (file.size() < 0 || Files.size(path) == file.size());
        } catch (IOException e) {
            return false;
        }
    }

    /** All or nothing: the first failure ends the others, which keep what they have. */
    private static <T, R> List<R> inParallel(ExecutorService workers, List<T> tasks, Function<T, R> work) {
        ExecutorCompletionService<R> completion = new ExecutorCompletionService<>(workers);
        List<Future<R>> futures = new ArrayList<>();
        for (T task : tasks) {
            futures.add(completion.submit(() -> work.apply(task)));
        }
        boolean done = false;
        try {
            for (int i = 0; i < tasks.size(); i++) {
                completion.take().get();
            }
            done = true;
            return futures.stream().map(Future::resultNow).toList();
        } catch (ExecutionException e) {
            throw e.getCause() instanceof RuntimeException failure ? failure : new IllegalStateException(e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new CancellationException("Interrupted while fetching from the Hub.");
        } finally {
            if (!done) {
                workers.shutdownNow();
            }
        }
    }

    private static void requireRoom(HubCache cache, HubName name, List<RemoteFile> files) {
        long needed = 0;
        try {
            for (RemoteFile file : files) {
                Path content = cache.content(name, file.tag());
                Path incomplete = ContentDownload.incomplete(content);
                if (!Files.exists(content)) {
                    long there = Files.exists(incomplete) ? Files.size(incomplete) : 0;
                    needed = Math.addExact(needed, Math.max(0, file.size() - there));
                }
            }
            Files.createDirectories(cache.folder());
            long free = Files.getFileStore(cache.folder()).getUsableSpace();
            // Some file systems do not say.
            if (needed > free && free > 0) {
                throw new HubException(
                        "%s: needs %,d MB on the disk of %s, which has %,d MB free; free room, or choose another folder with --cache-dir or HF_HUB_CACHE."
                                .formatted(name, needed / 1_000_000 + 1, cache.folder(), free / 1_000_000));
            }
        } catch (IOException e) {
            throw cache.unwritable(cache.folder(), e);
        } catch (ArithmeticException e) {
            throw new HubException(
                    "%s: its files have more than 2^63 bytes, says %s; check the address of the Hub."
                            .formatted(name, "the server"),
                    e);
        }
    }

    /** The directory of a model that was fetched, if it was. */
    public Optional<Path> find(HubName name) {
        return new HubCache(settings.cache()).find(name);
    }
}
