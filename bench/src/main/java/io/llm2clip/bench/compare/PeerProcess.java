package io.llm2clip.bench.compare;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import tools.jackson.core.JacksonException;
import tools.jackson.core.json.JsonReadFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A live peer. It is stopped but for while it answers, so that the processor is all for the one whose turn it is. */
final class PeerProcess implements AutoCloseable {
    /** Outputs that are no numbers are compared, too. */
    private static final JsonMapper JSON = JsonMapper.builder()
            .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
            .build();

    /** The longest that compiling and running the largest row takes, several times over. */
    private static final Duration LIMIT = Duration.ofMinutes(40);

    private final Process process;
    private final Path log;
    private final Writer commands;
    private final BufferedReader answers;
    private volatile boolean late;

    /** @param log receives what it prints besides answers */
    PeerProcess(List<String> command, Map<String, String> environment, Path log) {
        this.log = log;
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().putAll(environment);
        try {
            process = builder.start();
        } catch (IOException e) {
            throw new IllegalStateException(command.getFirst() + " does not start; check that it can be run", e);
        }
        commands = process.outputWriter(StandardCharsets.UTF_8);
        answers = process.inputReader(StandardCharsets.UTF_8);
    }

    /**
     * Has it do something.
     *
     * @throws AbsentException if it cannot, here
     * @throws IllegalStateException if it fails
     */
    JsonNode ask(String command) {
        Thread watch = Thread.startVirtualThread(this::endUnlessInTime);
        try {
            Signals.resume(process);
            commands.write(command + "\n");
            commands.flush();
            String line = answers.readLine();
            if (line == null) {
                int code = process.waitFor();
                throw new IllegalStateException(
                        late
                                ? "it gave no answer within %d minutes".formatted(LIMIT.toMinutes())
                                : "it ended with code %d; see %s".formatted(code, log));
            }
            Signals.stop(process);
            return answer(line);
        } catch (IOException e) {
            throw new IllegalStateException("it ended; see " + log, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("the run was interrupted", e);
        } finally {
            watch.interrupt();
        }
    }

    private void endUnlessInTime() {
        try {
            Thread.sleep(LIMIT);
        } catch (InterruptedException _) {
            return;
        }
        late = true;
        end();
    }

    private JsonNode answer(String line) {
        JsonNode answer;
        try {
            answer = JSON.readTree(line);
        } catch (JacksonException e) {
            throw new IllegalStateException("it answered what is no JSON; see " + log, e);
        }
        if (answer.has("absent")) {
            throw new AbsentException(answer.get("absent").asString());
        }
        if (answer.has("error")) {
            throw new IllegalStateException(answer.get("error").asString());
        }
        return answer;
    }

    private void end() {
        // With what it has started, such as compilers.
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
    }

    @Override
    public void close() {
        end();
        try {
            process.waitFor();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
