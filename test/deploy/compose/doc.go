// Package compose tests docker-compose.yml and the image of Dockerfile: by the library that docker compose itself reads such
// files with, and, where WEIR_DOCKER is set, on a real engine.
//
// It never needs a registry: on the engine, the official images that the file names are stand-ins, built here from the same
// programs under the same names. It never stops or removes a container, image or volume that it did not make.
package compose
