package io.llm2clip.bench.compare;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** A cache of loaded classes for fresh processes of this engine, as {@code bin/llm2clip} has one for its users. */
final class StartCache {
    /** What {@code bin/llm2clip} starts every process with. */
    static final List<String> LATER_C2 = List.of(
            "-XX:Tier4InvocationThreshold=20000",
            "-XX:Tier4MinInvocationThreshold=2400",
            "-XX:Tier4CompileThreshold=60000");

    private StartCache() {}

    /**
     * Options of a JVM that starts as {@code bin/llm2clip} does, from the cache, which is made where it is not there yet. There is none
     * where the class path has folders, of which there are no caches, or where the rehearsal fails.
     *
     * @param rehearsal the work that is done for it, a small piece of the kind that processes begin with
     * @param folder receives the cache
     * @param log receives what the rehearsal prints
     */
    static List<String> options(Launch launch, Request rehearsal, Path folder, Path log) {
        List<String> options = new ArrayList<>(LATER_C2);
        newest().flatMap(time -> made(launch, rehearsal, folder.resolve("start-" + time + ".jsa"), log))
                .ifPresent(cache ->
                        options.addAll(List.of("-XX:SharedArchiveFile=" + cache, "-Xlog:cds*=off", "-Xlog:aot*=off")));
        return options;
    }

    /** When the class path was changed for the last time, if it is of jars. */
    private static Optional<Long> newest() {
        List<Path> entries = Arrays.stream(System.getProperty("java.class.path").split(":"))
                .map(Path::of)
                .toList();
        return entries.stream().allMatch(Files::isRegularFile)
                ? entries.stream().map(entry -> entry.toFile().lastModified()).max(Long::compare)
                : Optional.empty();
    }

    private static Optional<Path> made(Launch launch, Request rehearsal, Path cache, Path log) {
        if (!Files.exists(cache)) {
            List<String> command = launch.java(Runtime.getRuntime().availableProcessors());
            command.add(1, "-XX:ArchiveClassesAtExit=" + cache);
            try {
                Process process = new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
                String words = "prepare rehearsal %s%noutput rehearsal%n".formatted(rehearsal);
                process.getOutputStream().write(words.getBytes(StandardCharsets.UTF_8));
                process.getOutputStream().close();
                process.waitFor();
            } catch (IOException e) {
                return Optional.empty();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return Optional.empty();
            }
        }
        return Optional.of(cache).filter(Files::exists);
    }
}
