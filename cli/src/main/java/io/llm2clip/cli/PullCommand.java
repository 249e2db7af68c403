package io.llm2clip.cli;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.llm2clip.hub.FileChoice;
import io.llm2clip.hub.HubException;
import io.llm2clip.hub.HubFile;
import io.llm2clip.hub.HubName;
import io.llm2clip.hub.HubPull;
import io.llm2clip.hub.HubSettings;
import io.llm2clip.model.PublishedPair;
import io.llm2clip.progress.Quantity;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code llm2clip pull}. */
@Command(
        name = "pull",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Fetch a model from the Hugging Face Hub, or what is missing of it, and print the directory that holds it.",
            "The folder is the one that Python's huggingface_hub uses. HF_HOME, HF_HUB_CACHE, HF_ENDPOINT, HF_TOKEN,"
                    + " HF_HUB_OFFLINE and https_proxy mean what they mean there."
        },
        footerHeading = "%nExample:%n",
        footer = "  llm2clip pull microsoft/LLM2CLIP-Openai-B-16")
@HelpSection.In(HelpSection.INPUT)
final class PullCommand implements Runnable {
    /** The JVM gives no password to a proxy for encrypted connections unless this is empty, although that is what such proxies ask for. */
    private static final String TUNNELS = "jdk.http.auth.tunneling.disabledSchemes";

    @Parameters(
            paramLabel = "OWNER/NAME[@REVISION]",
            description = "The repository, at a branch, a tag or a commit (default: main).")
    private String repository = "";

    @Option(
            names = "--with-text-encoder",
            description = "Also fetch the text encoder that a published LLM2CLIP model was trained with.")
    private boolean withTextEncoder;

    @Option(
            names = "--include",
            paramLabel = "PATTERN",
            description =
                    "Fetch the files that match, such as '*Q8_0.gguf'; several times for more (default: one set of weights,"
                            + " safetensors if there is one, configurations and tokenizer; no code).")
    private List<String> include = List.of();

    @Option(names = "--exclude", paramLabel = "PATTERN", description = "Leave out the files that match.")
    private List<String> exclude = List.of();

    @Option(
            names = "--endpoint",
            paramLabel = "URL",
            description = "The Hub or a mirror of it (default: HF_ENDPOINT, or https://huggingface.co).")
    private @Nullable String endpoint;

    @HelpSection.In(HelpSection.OUTPUT)
    @Option(
            names = "--cache-dir",
            paramLabel = "DIR",
            description = "The folder of all models (default: HF_HUB_CACHE, or hub in HF_HOME).")
    private @Nullable Path cache;

    @Mixin
    private Terminal terminal = new Terminal();

    @Spec
    private @Nullable CommandSpec spec;

    /** {@code textEncoder} is null unless it was fetched as well. */
    private record Report(
            String model,
            String commit,
            String directory,
            List<String> files,
            int fetched,

            @JsonInclude(JsonInclude.Include.NON_NULL) @Nullable
            Report textEncoder) {
        static Report of(HubPull.Result result, @Nullable Report textEncoder) {
            return new Report(
                    result.name().toString(),
                    result.commit(),
                    result.directory().toString(),
                    result.files().stream().map(HubFile::path).toList(),
                    result.fetched(),
                    textEncoder);
        }
    }

    @Override
    public void run() {
        HubName name = BadUsage.unless(spec, () -> HubName.parse(repository));
        Optional<PublishedPair> pair = PublishedPair.ofRepository(name.repository());
        if (spec != null && withTextEncoder && pair.isEmpty()) {
            throw new ParameterException(
                    spec.commandLine(),
                    "%s: expected a published LLM2CLIP model for --with-text-encoder, found another; leave out that option."
                            .formatted(name));
        }
        if (System.getProperty(TUNNELS) == null) {
            System.setProperty(TUNNELS, "");
        }
        HubSettings settings = settings();
        HubPull pull = new HubPull(settings);
        List<HubPull.Result> results = new ArrayList<>();
        results.add(fetch(pull, name, new FileChoice(include, exclude)));
        Optional<HubName> encoder =
                pair.map(PublishedPair::textEncoderRepository).map(HubName::parse);
        if (withTextEncoder) {
            results.add(fetch(pull, encoder.orElseThrow(), FileChoice.DEFAULT));
        }
        if (terminal.json()) {
            terminal.printJson(
                    Report.of(results.getFirst(), withTextEncoder ? Report.of(results.getLast(), null) : null));
            return;
        }
        results.forEach(result -> terminal.print(result.directory().toString()));
        if (encoder.isPresent() && pull.find(encoder.get()).isEmpty()) {
            terminal.hint(
                    "It was trained with the text encoder %s, which it needs for captions:".formatted(encoder.get()));
            terminal.hint("  " + ShellCommand.of(List.of("pull", encoder.get().toString())));
        } else if (encoder.isPresent()) {
            terminal.hint("Model and text encoder are there; --model %s opens them.".formatted(name));
        }
        if (!settings.cache().equals(HubSettings.ofProcess().cache())) {
            terminal.hint("To open it by its name, set HF_HUB_CACHE=%s; otherwise give the directory."
                    .formatted(settings.cache().toAbsolutePath()));
        }
    }

    private HubPull.Result fetch(HubPull pull, HubName name, FileChoice choice) {
        HubPull.Result result = pull.run(name, choice, terminal.progress());
        if (result.fetched() == 0 && !result.files().isEmpty()) {
            terminal.hint("%s: %s, all there already."
                    .formatted(name, Quantity.of(result.files().size(), "file")));
        }
        return result;
    }

    private HubSettings settings() {
        HubSettings settings = HubSettings.ofProcess();
        if (endpoint != null) {
            settings = withEndpoint(settings, endpoint);
        }
        return cache == null ? settings : settings.withCache(cache);
    }

    private HubSettings withEndpoint(HubSettings settings, String address) {
        try {
            return settings.withEndpoint(address);
        } catch (HubException e) {
            if (spec == null) {
                throw e;
            }
            throw new ParameterException(spec.commandLine(), String.valueOf(e.getMessage()), e);
        }
    }
}
