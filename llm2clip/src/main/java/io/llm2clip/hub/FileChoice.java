package io.llm2clip.hub;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Which files of a repository are fetched: what a model is opened from, or what patterns say, in which {@code *} stands for anything,
 * slashes too, {@code ?} for a character, and a folder's name with a slash at its end for all that is in it.
 *
 * @param include patterns of the wanted files; none for those that a model is opened from
 * @param exclude patterns of files that are not wanted
 */
public record FileChoice(List<String> include, List<String> exclude) {
    /** What a model is opened from. */
    public static final FileChoice DEFAULT = new FileChoice(List.of(), List.of());

    private static final int NAMED = 6;

    public FileChoice {
        include = List.copyOf(include);
        exclude = List.copyOf(exclude);
    }

    /** @throws HubException if nothing is left, or it is for the user to choose */
    List<HubFile> of(HubListing listing) {
        List<HubFile> allowed = listing.files().stream()
                .filter(file -> exclude.stream().noneMatch(pattern -> matches(pattern, file)))
                .toList();
        if (include.isEmpty()) {
            return new ModelFiles(listing.name(), allowed).chosen();
        }
        List<HubFile> chosen = allowed.stream()
                .filter(file -> include.stream().anyMatch(pattern -> matches(pattern, file)))
                .toList();
        if (chosen.isEmpty()) {
            throw new HubException("%s: expected files that match --include %s, found none of %s; correct the pattern."
                    .formatted(listing.name(), String.join(" ", include), named(listing.files())));
        }
        return chosen;
    }

    private static boolean matches(String pattern, HubFile file) {
        return regex(pattern.endsWith("/") ? pattern + "*" : pattern)
                .matcher(file.path())
                .matches();
    }

    private static Pattern regex(String glob) {
        StringBuilder regex = new StringBuilder();
        glob.codePoints()
                .forEach(c -> regex.append(
                        switch (c) {
                            case '*' -> ".*";
                            case '?' -> ".";
                            default -> Pattern.quote(Character.toString(c));
                        }));
        return Pattern.compile(regex.toString(), Pattern.DOTALL);
    }

    /** The first of some files, for messages. */
    static String named(List<HubFile> files) {
        String first =
                String.join(", ", files.stream().limit(NAMED).map(HubFile::path).toList());
        // Names are the server's; a terminal obeys control characters.
        first = first.replaceAll("\\p{Cntrl}", "?");
        return files.size() > NAMED ? first + " and %d more".formatted(files.size() - NAMED) : first;
    }

    /** The files that a model is opened from: one set of weights, and what says how they are used. */
    private record ModelFiles(HubName name, List<HubFile> all) {
        /** Folders of the same weights in formats of other programs, and of what training left. */
        private static final Pattern FOREIGN = Pattern.compile(
                "(?:.*/)?(?:original|metal|onnx|openvino|coreml|flax|tf|tensorrt|mlx|gguf|checkpoint-\\d+|runs|logs|\\.[^/]*)/.*",
                Pattern.CASE_INSENSITIVE);

        private static final Pattern SETTINGS =
                Pattern.compile("[^/.][^/]*\\.(?:json|tiktoken|model|jinja)|(?:vocab|merges)\\.txt");
        private static final Pattern INDEX = Pattern.compile("[^/]*\\.index\\.json");
        private static final Pattern USUAL_SAFETENSORS =
                Pattern.compile("model(?:-\\d+-of-\\d+)?\\.safetensors|adapter[^/]*\\.safetensors");
        /** Of the weights of these names there is one set; others beside them are the same in other types. */
        private static final Pattern WHOLE = Pattern.compile("model(?:-0*1-of-\\d+)?\\.safetensors");

        private static final Pattern TORCH = Pattern.compile("[^/]*\\.(?:bin|pt|pth)");
        private static final Pattern USUAL_TORCH =
                Pattern.compile("pytorch_model(?:-\\d+-of-\\d+)?\\.bin|adapter_model\\.bin");
        private static final Pattern TRAINING = Pattern.compile(
                "(?:training_args|optimizer|scheduler|scaler|rng_state|random_states|trainer_state|tf_model)[^/]*|flax_model[^/]*");

        List<HubFile> chosen() {
            List<HubFile> own = all.stream()
                    .filter(file -> !FOREIGN.matcher(file.path()).matches()
                            && !TRAINING.matcher(last(file)).matches())
                    .toList();
            List<HubFile> chosen = new ArrayList<>();
            for (String folder : own.stream().map(ModelFiles::folder).distinct().toList()) {
                chosen.addAll(weights(
                        own.stream().filter(file -> folder(file).equals(folder)).toList()));
            }
            if (chosen.isEmpty()) {
                chosen.addAll(gguf());
            }
            if (chosen.isEmpty()) {
                throw new HubException(
                        "%s: expected weights in files .safetensors, .bin, .pt or .gguf, found %s; choose files with --include, or another repository."
                                .formatted(name, all.isEmpty() ? "no files" : named(all)));
            }
            own.stream()
                    .filter(file -> SETTINGS.matcher(last(file)).matches()
                            && (!INDEX.matcher(last(file)).matches() || isOf(file, chosen)))
                    .forEach(chosen::add);
            return chosen;
        }

        /** Of a folder the best set of weights. */
        private static List<HubFile> weights(List<HubFile> files) {
            List<HubFile> safetensors = select(files, file -> last(file).endsWith(".safetensors"));
            if (!safetensors.isEmpty()) {
                return any(safetensors, WHOLE) ? select(safetensors, USUAL_SAFETENSORS) : safetensors;
            }
            List<HubFile> torch = select(files, TORCH);
            // LLM2CLIP's authors publish the whole model so, and beside it a conversion of its tower.
            List<HubFile> original = select(torch, file -> {
                String name = last(file).toLowerCase(Locale.ROOT);
                return name.contains("clip") && name.endsWith(".pt");
            });
            if (!original.isEmpty()) {
                return original;
            }
            return any(torch, USUAL_TORCH) ? select(torch, USUAL_TORCH) : torch;
        }

        /** These are the same model in several quantizations, of which one is enough. */
        private List<HubFile> gguf() {
            List<HubFile> files = select(all, file -> last(file).endsWith(".gguf"));
            if (files.size() > 1) {
                throw new HubException(
                        "%s: expected one file of weights, found %d GGUF files: %s; choose one with --include, such as --include '%s'."
                                .formatted(
                                        name,
                                        files.size(),
                                        named(files),
                                        files.getFirst().path()));
            }
            return files;
        }

        /** Whether an index is of shards that are chosen. */
        private static boolean isOf(HubFile index, List<HubFile> chosen) {
            String extension = last(index).replaceFirst("\\.index\\.json$", "").replaceFirst(".*\\.", ".");
            return chosen.stream()
                    .anyMatch(file ->
                            folder(file).equals(folder(index)) && last(file).endsWith(extension));
        }

        private static boolean any(List<HubFile> files, Pattern names) {
            return files.stream().anyMatch(file -> names.matcher(last(file)).matches());
        }

        private static List<HubFile> select(List<HubFile> files, Pattern names) {
            return select(files, file -> names.matcher(last(file)).matches());
        }

        private static List<HubFile> select(List<HubFile> files, Predicate<HubFile> wanted) {
            return files.stream().filter(wanted).toList();
        }

        private static String folder(HubFile file) {
            return file.path().substring(0, file.path().lastIndexOf('/') + 1);
        }

        private static String last(HubFile file) {
            return Stream.of(file.path().split("/", -1)).reduce("", (_, part) -> part);
        }
    }
}
