package io.llm2clip.model;

import io.llm2clip.hub.HubSnapshot;
import io.llm2clip.nn.checkpoint.CheckpointException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A published LLM2CLIP model and the one text encoder that its adapter was trained for.
 *
 * @param model name of its repository
 * @param textEncoder name of the encoder's
 * @param captionSize D, channels of a caption vector
 */
public record PublishedPair(String model, String textEncoder, int captionSize) {
    private static final String LLAMA_3_8B = "LLM2CLIP-Llama-3-8B-Instruct-CC-Finetuned";
    private static final String LLAMA_32_1B = "LLM2CLIP-Llama-3.2-1B-Instruct-CC-Finetuned";
    /** With the low-rank updates of the model's repository. */
    private static final String LLAMA_31_8B = "Llama-3.1-8B-Instruct";

    private static final List<PublishedPair> ALL = List.of(
            new PublishedPair("LLM2CLIP-EVA02-L-14-336", LLAMA_3_8B, 4096),
            new PublishedPair("LLM2CLIP-EVA02-B-16", LLAMA_3_8B, 4096),
            new PublishedPair("LLM2CLIP-Openai-L-14-336", LLAMA_3_8B, 4096),
            new PublishedPair("LLM2CLIP-Openai-L-14-224", LLAMA_3_8B, 4096),
            new PublishedPair("LLM2CLIP-Openai-B-16", LLAMA_3_8B, 4096),
            new PublishedPair("LLM2CLIP-Llama3.2-1B-EVA02-L-14-336", LLAMA_32_1B, 2048),
            new PublishedPair("LLM2CLIP-Llama3.2-1B-EVA02-L-14-224", LLAMA_32_1B, 2048),
            new PublishedPair("LLM2CLIP-Llama3.1-8B-siglip2-so400m-patch14-224", LLAMA_31_8B, 4096));
    /** Language models that the encoders were made from, which are none themselves. */
    private static final List<String> BASES =
            List.of("Meta-Llama-3-8B-Instruct", "Llama-3.2-1B-Instruct", "Llama-3.2-1B", "Llama-3.1-8B");

    private static final Pattern FILE_TYPE = Pattern.compile("\\.(pt|pth|bin|safetensors)$");

    /** The pair of a model that still has its published name: of its directory, its file, or its place in the Hub's cache. */
    static Optional<PublishedPair> ofModel(Path path) {
        return names(path)
                .flatMap(name -> ALL.stream().filter(pair -> pair.model.equalsIgnoreCase(name)))
                .findFirst();
    }

    /** The pair of a model by its name on the Hub, whoever its owner. */
    public static Optional<PublishedPair> ofRepository(String repository) {
        String name = repository.replaceFirst(".*/", "");
        return ALL.stream().filter(pair -> pair.model.equalsIgnoreCase(name)).findFirst();
    }

    /** Name of the text encoder on the Hub, with its owner. */
    public String textEncoderRepository() {
        return repository(textEncoder);
    }

    /** Name on the Hub of a text encoder or model. */
    static String repository(String name) {
        return (name.startsWith("LLM2CLIP-") ? "microsoft/" : "meta-llama/") + name;
    }

    /** The models, by their names on the Hub, whose text encoder still has its published name. */
    static List<String> modelsOf(Path textEncoder) {
        List<String> names = names(textEncoder).toList();
        return ALL.stream()
                .filter(pair -> names.stream().anyMatch(pair.textEncoder::equalsIgnoreCase))
                .map(pair -> repository(pair.model))
                .toList();
    }

    /** The encoders to look for: what was published for the model, or if it has no published name, for the size of its vectors. */
    static List<String> encoders(Path model, int captionSize) {
        Optional<PublishedPair> named = ofModel(model);
        return ALL.stream()
                .filter(pair -> named.map(pair::equals).orElse(pair.captionSize == captionSize))
                .map(PublishedPair::textEncoder)
                .distinct()
                .toList();
    }

    /** The first pair whose caption vectors have a size. */
    static Optional<PublishedPair> ofSize(int captionSize) {
        return ALL.stream().filter(pair -> pair.captionSize == captionSize).findFirst();
    }

    /**
     * Two that were published by these names must have been published for each other: sizes alone do not tell.
     *
     * @throws CheckpointException if they were not
     */
    static void require(Path model, Path textEncoder) {
        Optional<PublishedPair> pair = ofModel(model);
        Optional<String> encoder = names(textEncoder)
                .filter(name -> BASES.stream().anyMatch(name::equalsIgnoreCase)
                        || ALL.stream().anyMatch(other -> other.textEncoder.equalsIgnoreCase(name)))
                .findFirst();
        if (pair.isPresent() && encoder.isPresent() && !pair.get().textEncoder.equalsIgnoreCase(encoder.get())) {
            throw new CheckpointException(
                    "%s: expected the text encoder that %s was trained with, %s, found %s in %s; fetch that one."
                            .formatted(model, pair.get().model, pair.get().textEncoder, encoder.get(), textEncoder));
        }
    }

    /** Under which names a directory or file may have been published. */
    private static Stream<String> names(Path path) {
        Path absolute = path.toAbsolutePath().normalize();
        Stream<String> repository = HubSnapshot.around(absolute).map(HubSnapshot::name).stream();
        Path directory = Files.isRegularFile(absolute) ? absolute.resolveSibling("") : absolute;
        return Stream.concat(
                repository,
                Stream.of(absolute, directory)
                        .map(Path::getFileName)
                        .filter(Objects::nonNull)
                        .map(name -> FILE_TYPE.matcher(name.toString()).replaceFirst("")));
    }
}
