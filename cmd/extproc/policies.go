package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"weir/policy"
	"weir/rego"
)

func newPolicies() *cobra.Command {
	return group("policies", "A directory of policies", newPoliciesInit())
}

func newPoliciesInit() *cobra.Command {
	return &cobra.Command{
		Use: "init DIR", Short: "Make a directory in which editors know what policies read", Args: cobra.ExactArgs(1),
		Long: "Make a directory in which editors know what policies read: the JSON Schema of the input, the settings of Regal (OPA's language\n" +
			"server and linter), and those of VS Code's OPA extension. Files that are there already are left as they are, but for the schema,\n" +
			"which is this build's.",
		RunE: func(c *cobra.Command, args []string) error {
			files, err := editorFiles()
			if err != nil {
				return err
			}
			for _, f := range files {
				if err := f.write(c, args[0]); err != nil {
					return err
				}
			}
			return nil
		},
	}
}

// editorFile is one of the files that an editor reads.
type editorFile struct {
	name    string
	text    []byte
	replace bool // a file of that name is written again
}

func editorFiles() ([]editorFile, error) {
	schema, err := policy.Schema()
	if err != nil {
		return nil, err
	}
	regal, err := rego.Regal()
	if err != nil {
		return nil, fmt.Errorf("reading the settings of Regal: %w", err)
	}
	out := []editorFile{{"schemas/input.json", schema, true}, {".regal/config.yaml", regal, false}}
	for name, settings := range map[string]any{
		".vscode/extensions.json": map[string]any{"recommendations": []string{"tsandall.opa"}},
		".vscode/settings.json": map[string]any{
			"opa.languageServers": []string{"regal"}, "opa.roots": []string{"${workspaceFolder}"}, "opa.schema": "${workspaceFolder}/schemas/input.json",
			"opa.strictMode": true, "[rego]": map[string]any{"editor.formatOnSave": true, "editor.insertSpaces": false},
		},
	} {
		text, err := json.MarshalIndent(settings, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("encoding %s: %w", name, err)
		}
		out = append(out, editorFile{name, append(text, '\n'), false})
	}
	return out, nil
}

func (f editorFile) write(c *cobra.Command, dir string) error {
	path := filepath.Join(dir, filepath.FromSlash(f.name))
	if _, err := os.Stat(path); err == nil && !f.replace {
		_, err = fmt.Fprintln(c.OutOrStdout(), "kept", path)
		return err
	} else if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("making a directory of policies: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("making a directory of policies: %w", err)
	}
	if err := os.WriteFile(path, f.text, 0o644); err != nil {
		return fmt.Errorf("making a directory of policies: %w", err)
	}
	_, err := fmt.Fprintln(c.OutOrStdout(), "wrote", path)
	return err
}
